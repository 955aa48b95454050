// The way from nothing to the first alert: what is done, and what comes next.

export type StepName = 'camera' | 'model' | 'zone' | 'rule' | 'alert';

export interface Step {
  name: StepName;
  title: string;
  says: string;
  isDone: boolean;
}

export interface Progress {
  cameras: number;
  /** Cameras that a model looks at. */
  looked: number;
  zones: number;
  rules: number;
  hasAlert: boolean;
}

/** The four steps, and one more for a camera without a model; a rule that needs no zone counts for one. */
export function steps({ cameras, looked, zones, rules, hasAlert }: Progress): Step[] {
  return [
    { name: 'camera', title: 'Add a camera', says: 'Its address is enough: it is tried before anything is written. What says what is in the picture, a model, can be chosen then or later.', isDone: cameras > 0 },
    ...(cameras > 0 && looked === 0 ? [{ name: 'model' as const, title: 'Choose a model', says: 'It says what is in the picture. Without one there is the picture only.', isDone: false }] : []),
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

/** What comes nearest to what somebody typed and can be a name: `back-gate` for `Back gate`. */
export function asName(typed: string): string {
  const plain = typed.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.replace(/[^a-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64);
}

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
  { value: '5s', says: '5 seconds' },
  { value: '10s', says: '10 seconds' },
  { value: '1m', says: 'a minute' },
] as const;

/** How long something may be gone and be the same incident when it comes back. */
export const HOLDS = [
  { value: '2s', says: 'within 2 seconds' },
  { value: '10s', says: 'within 10 seconds' },
  { value: '30s', says: 'within 30 seconds' },
  { value: '2m', says: 'within 2 minutes' },
] as const;

export const SEVERITIES = {
  critical: 'critical: worth getting up',
  warning: 'warning: worth a look',
  info: 'info: worth a line in a log',
} as const;

/** What there is to choose from, with what is said already if that is none of it. */
export function choices(known: readonly { value: string; says: string }[], said: string): readonly { value: string; says: string }[] {
  return known.some(({ value }) => value === said) ? known : [{ value: said, says: said }, ...known];
}

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
