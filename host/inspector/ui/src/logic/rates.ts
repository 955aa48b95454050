// Rates of the last seconds, made from counters that count since the start.

import type { FlowStatus } from '../api/types';

/** The window that every rate on the page is about. */
export const WINDOW_S = 10;
/** Counters come in bursts; what is of less than this says nothing. */
const LEAST_S = 2;
/** One point of a spark line a second, for a minute. */
const SPARK_POINTS = 60;

export interface Rate {
  in: number;
  out: number;
  alerts: number;
  failures: number;
}

interface Sample {
  at_s: number;
  counts: Map<string, Rate>;
}

const NONE: Rate = { in: 0, out: 0, alerts: 0, failures: 0 };

export class RateWindow {
  #samples: Sample[] = [];
  #sparks = new Map<string, readonly number[]>();
  #lastSpark_s = -Infinity;

  push(status: FlowStatus): void {
    const last = this.#samples.at(-1);
    if (last && status.seconds < last.at_s) this.clear();
    if (last && status.seconds === last.at_s) this.#samples.pop();
    this.#samples.push({ at_s: status.seconds, counts: countsOf(status) });
    const oldest = status.seconds - WINDOW_S;
    while (this.#samples.length > 2 && (this.#samples[1]?.at_s ?? Infinity) <= oldest) this.#samples.shift();
    if (status.seconds - this.#lastSpark_s >= 1) this.#drawSparks(status.seconds);
  }

  clear(): void {
    this.#samples = [];
    this.#sparks.clear();
    this.#lastSpark_s = -Infinity;
  }

  /** Of how many seconds the rates are; less than the window at the beginning, 0 before there are any. */
  get seconds(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    return first && last ? last.at_s - first.at_s : 0;
  }

  /** What went through the node a second; `null` before that can be said. */
  node(name: string): Rate | null {
    return this.#rate(`n:${name}`);
  }

  /** Frames that were read (`in`) and looked at (`out`) a second. */
  camera(name: string): Rate | null {
    return this.#rate(`c:${name}`);
  }

  /** The node's output a second over the last minute, oldest first. */
  spark(name: string): readonly number[] {
    return this.#sparks.get(name) ?? [];
  }

  #rate(key: string): Rate | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at_s - first.at_s < LEAST_S) return null;
    const now = last.counts.get(key);
    if (!now) return null;
    // What was added by a reload counts from nothing.
    const then = first.counts.get(key) ?? NONE;
    const seconds = last.at_s - first.at_s;
    const of = (kind: keyof Rate): number => Math.max(0, now[kind] - then[kind]) / seconds;
    return { in: of('in'), out: of('out'), alerts: of('alerts'), failures: of('failures') };
  }

  #drawSparks(at_s: number): void {
    this.#lastSpark_s = at_s;
    const before = this.#samples.at(-3) ?? this.#samples.at(-2);
    const now = this.#samples.at(-1);
    if (!before || !now || now.at_s <= before.at_s) return;
    for (const [key, counts] of now.counts) {
      if (!key.startsWith('n:')) continue;
      const was = before.counts.get(key) ?? NONE;
      const points = this.#sparks.get(key.slice(2)) ?? [];
      const next = Math.max(0, counts.out - was.out) / (now.at_s - before.at_s);
      // Another list each time, so that who draws it sees that it is another.
      this.#sparks.set(key.slice(2), [...points, next].slice(-SPARK_POINTS));
    }
  }
}

function countsOf(status: FlowStatus): Map<string, Rate> {
  const counts = new Map<string, Rate>();
  for (const node of status.nodes) {
    counts.set(`n:${node.name}`, { in: node.in, out: node.out, alerts: node.alerts, failures: node.failures });
  }
  for (const camera of status.cameras) {
    counts.set(`c:${camera.name}`, { in: camera.read, out: camera.inferred, alerts: 0, failures: 0 });
  }
  return counts;
}
