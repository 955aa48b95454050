// Health in words: what a person wants to know within five seconds.

import type { CameraHealth, CameraStatus, CameraTrouble, FlowStatus, Incident, NodeRole, NodeStatus, Severity, StatusRole } from '../api/types';
import { minute } from './time';
import { count, plural } from './units';

/** How well something is. Each has a shape and a word beside its colour. */
export type Wellness = 'ok' | 'warn' | 'bad' | 'idle';

export const CAMERA_WELLNESS: Record<CameraHealth, Wellness> = {
  live: 'ok',
  connecting: 'warn',
  lost: 'bad',
  failed: 'bad',
  ended: 'idle',
};

export const CAMERA_WORD: Record<CameraHealth, string> = {
  live: 'live',
  connecting: 'connecting',
  lost: 'lost',
  failed: 'failed',
  ended: 'ended',
};

export const SEVERITY_WELLNESS: Record<Severity, Wellness> = { info: 'idle', warning: 'warn', critical: 'bad' };

/** What a node is drawn as. */
export function roleOf(role: StatusRole): NodeRole {
  return role === 'store' || role === 'device' || role === 'removed' ? 'adapter' : role;
}

/** Whether nobody can tell at the moment what a camera sees. */
export function isAway(health: CameraHealth): boolean {
  return health === 'lost' || health === 'failed' || health === 'connecting';
}

/** What is wrong with a camera, in a few words. */
export const TROUBLE_TITLES: Record<CameraTrouble['kind'], string> = {
  address: 'The address is not right',
  name: 'The name is not known',
  silent: 'Nobody answers',
  refused: 'Nothing listens there',
  protocol: 'It does not speak RTSP',
  login: 'The login is not right',
  path: 'The path is not right',
  video: 'There is no video that can be read',
  picture: 'No picture came',
  recording: 'It is a recording',
  file: 'The file cannot be read',
};

type Open = readonly Pick<Incident, 'severity'>[];

/** How bad open incidents are: as the gravest of them. */
export function incidentWellness(open: Open): Wellness {
  return worst(open.map(({ severity }) => SEVERITY_WELLNESS[severity]));
}

export function nodeWellness(node: NodeStatus, recentFailures: number): { wellness: Wellness; word: string } {
  if (node.quarantined > 0) return { wellness: 'bad', word: 'given up' };
  if (recentFailures > 0) return { wellness: 'warn', word: 'failing' };
  if (node.waiting > 100) return { wellness: 'warn', word: 'behind' };
  if (node.in === 0) return { wellness: 'idle', word: 'nothing yet' };
  return { wellness: 'ok', word: 'works' };
}

export interface Summary {
  wellness: Wellness;
  parts: { text: string; wellness: Wellness }[];
}

const ORDER: CameraHealth[] = ['live', 'connecting', 'lost', 'failed', 'ended'];

/** `12 cameras live, 1 lost since 14:02, 2 open incidents`, in parts. `since` knows when a camera became what it is. */
export function summary(status: FlowStatus, open: Open | null, since: (camera: string) => number | null): Summary {
  const parts: Summary['parts'] = [];
  for (const health of ORDER) {
    const cameras = status.cameras.filter((camera) => camera.health === health);
    if (cameras.length === 0) continue;
    const first = parts.length === 0;
    const many = first ? plural(cameras.length, 'camera') : count(cameras.length);
    parts.push({ text: `${many} ${CAMERA_WORD[health]}${sinceWords(health, cameras, since)}`, wellness: CAMERA_WELLNESS[health] });
  }
  if (status.cameras.length === 0) parts.push({ text: 'no cameras', wellness: 'idle' });
  parts.push(...nodeTrouble(status));
  if (open !== null) parts.push(open.length > 0 ? { text: plural(open.length, 'open incident'), wellness: incidentWellness(open) } : calm(status));
  return { wellness: worst(parts.map((part) => part.wellness)), parts };
}

/** No open incidents: which is good only where cameras see. */
function calm(status: FlowStatus): Summary['parts'][number] {
  const away = status.cameras.filter((camera) => isAway(camera.health));
  if (away.length === 0) return { text: 'no open incidents', wellness: 'ok' };
  if (away.length < status.cameras.length) return { text: 'no open incidents on the others', wellness: 'idle' };
  return { text: 'nobody can tell what goes on', wellness: 'idle' };
}

function sinceWords(health: CameraHealth, cameras: CameraStatus[], since: (camera: string) => number | null): string {
  if (health !== 'lost' && health !== 'failed') return '';
  const times = cameras.map((camera) => since(camera.name)).filter((time) => time !== null);
  return times.length === 0 ? '' : ` since ${minute(Math.min(...times))}`;
}

function nodeTrouble(status: FlowStatus): Summary['parts'] {
  const parts: Summary['parts'] = [];
  const givenUp = status.nodes.filter((node) => node.quarantined > 0);
  if (givenUp.length > 0) parts.push({ text: `${named(givenUp)} given up`, wellness: 'bad' });
  const held = status.outboxes.filter((outbox) => outbox.trouble !== null);
  if (held.length > 0) parts.push({ text: `${held.map((outbox) => outbox.adapter).join(', ')} cannot deliver`, wellness: 'warn' });
  if (status.journal.trouble !== null) parts.push({ text: 'the journal has trouble', wellness: 'bad' });
  if (status.reloads.pending !== null) parts.push({ text: 'the flow file is not what runs', wellness: 'warn' });
  return parts;
}

function named(nodes: NodeStatus[]): string {
  return nodes.length <= 3 ? nodes.map((node) => node.name).join(', ') : `${nodes.length} nodes`;
}

export function worst(all: readonly Wellness[]): Wellness {
  for (const wellness of ['bad', 'warn', 'ok'] as const) if (all.includes(wellness)) return wellness;
  return 'idle';
}

/** `superseded 12, too_old 3`, or nothing. */
export function dropped(counts: Record<string, number>): string {
  return Object.entries(counts)
    .filter(([, many]) => many > 0)
    .map(([reason, many]) => `${reason.replaceAll('_', ' ')} ${count(many)}`)
    .join(', ');
}
