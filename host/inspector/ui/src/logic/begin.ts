// The way from nothing to the first alert: what is done, and what comes next.

export type StepName = 'camera' | 'zone' | 'rule' | 'alert';

export interface Step {
  name: StepName;
  title: string;
  says: string;
  isDone: boolean;
}

export interface Progress {
  cameras: number;
  zones: number;
  rules: number;
  hasAlert: boolean;
}

/** The four steps; a rule that needs no zone counts for one. */
export function steps({ cameras, zones, rules, hasAlert }: Progress): Step[] {
  return [
    { name: 'camera', title: 'Add a camera', says: 'By its address, which is tried before anything is written, and with a model, which says what is in the picture.', isDone: cameras > 0 },
    { name: 'zone', title: 'Draw a zone', says: 'The part of the picture that matters, corner by corner.', isDone: cameras > 0 && (zones > 0 || rules > 0) },
    { name: 'rule', title: 'Pick a rule', says: 'What must not be in the zone, and for how long.', isDone: rules > 0 },
    { name: 'alert', title: 'See the first alert', says: 'It comes by itself, with its picture and why it was raised.', isDone: hasAlert },
  ];
}

/** The first step that is not done. */
export function nextStep(all: readonly Step[]): Step | null {
  return all.find((step) => !step.isDone) ?? null;
}

/** `wanted`, or with a number what nothing is called yet. */
export function freeName(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted;
  let number = 2;
  while (taken.includes(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** What is wrong with the name of a new camera. */
export function flawOfName(name: string, taken: readonly string[]): string | null {
  if (name !== '' && !NAME.test(name)) return 'A name has letters, digits, - and _, at most 64 of them.';
  return taken.includes(name) ? `There is a camera “${name}” already.` : null;
}

/** How long something must stay, as people say it. */
export const STAYS = [
  { value: '500ms', says: 'half a second' },
  { value: '1s', says: 'one second' },
  { value: '3s', says: '3 seconds' },
  { value: '10s', says: '10 seconds' },
  { value: '1m', says: 'a minute' },
] as const;

/** `a person`, `a person or a van`, `a person, a van or a dog`. */
export function anyOf(classes: readonly string[]): string {
  const words = classes.map((name) => `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`);
  return words.length < 2 ? (words[0] ?? 'something') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** `10.0.0.5:554/a` or `camera.lan/a` as somebody types it who means a stream; `null` for anything else. */
export function meantAddress(typed: string): string | null {
  const text = typed.trim();
  const isHost = /^(\d{1,3}(\.\d{1,3}){3}|[a-z0-9-]+(\.[a-z0-9-]+)*\.(lan|local|home|internal)|localhost)(:\d+)?(\/.*)?$/i;
  return isHost.test(text) ? `rtsp://${text}` : null;
}
