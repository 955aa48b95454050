// The small waiting places between the network and the canvas. Each is bounded; what does not fit
// is left out and counted.

import type { SeenVideoFrame } from '../api/types';
import type { AccessUnit } from './unit';

/** Units that wait to be decoded, in decode order: about four seconds. */
export const MOST_UNITS = 120;
/** Decoded pictures are large, and hardware decoders have few of them. */
export const MOST_PICTURES = 6;
/** What was seen in the frames that are not yet shown, and in the last one that is. */
export const MOST_SEEN = 64;

/** Units before decoding. When it is full, all goes until the next key frame: a decoder cannot do without. */
export class UnitQueue {
  #units: AccessUnit[] = [];
  #waitsForKey = true;
  /** How many units were left out. */
  leftOut = 0;

  push(unit: AccessUnit): void {
    if (this.#units.length >= MOST_UNITS) {
      this.leftOut += this.#units.length;
      this.#units = [];
      this.#waitsForKey = true;
    }
    if (this.#waitsForKey && !unit.isKey) {
      this.leftOut += 1;
      return;
    }
    this.#waitsForKey = false;
    this.#units.push(unit);
  }

  /** The next unit if it is to be shown before `until_us`. */
  take(until_us: number): AccessUnit | null {
    const next = this.#units[0];
    if (!next || next.pts_us > until_us) return null;
    this.#units.shift();
    return next;
  }

  /** Nothing is of use before the next key frame. */
  restart(): void {
    this.#units = [];
    this.#waitsForKey = true;
  }

  get length(): number {
    return this.#units.length;
  }
}

export interface Picture {
  readonly timestamp: number;
  close(): void;
}

/** Decoded pictures in the order of their presentation. */
export class PictureQueue<P extends Picture> {
  #pictures: P[] = [];
  leftOut = 0;

  push(picture: P): void {
    if (this.#pictures.length >= MOST_PICTURES) {
      this.#pictures.shift()?.close();
      this.leftOut += 1;
    }
    const later = this.#pictures.findIndex((other) => other.timestamp > picture.timestamp);
    if (later < 0) this.#pictures.push(picture);
    else this.#pictures.splice(later, 0, picture);
  }

  /** The picture for this moment, which is the caller's to close; what is older is closed. */
  take(now_us: number): P | null {
    let due: P | null = null;
    while (this.#pictures[0] && this.#pictures[0].timestamp <= now_us) {
      due?.close();
      due = this.#pictures.shift() ?? null;
    }
    return due;
  }

  get hasRoom(): boolean {
    return this.#pictures.length < MOST_PICTURES - 1;
  }

  clear(): void {
    for (const picture of this.#pictures) picture.close();
    this.#pictures = [];
  }
}

/** What was seen in which frame. Frames between two looks show what the earlier one saw. */
export class SeenQueue {
  #seen: SeenVideoFrame[] = [];

  push(frame: SeenVideoFrame): void {
    const last = this.#seen.at(-1);
    // The stream began anew.
    if (last && frame.pts_us < last.pts_us - 1_000_000) this.#seen = [];
    const later = this.#seen.findIndex((other) => other.pts_us > frame.pts_us);
    if (later < 0) this.#seen.push(frame);
    else this.#seen.splice(later, 0, frame);
    if (this.#seen.length > MOST_SEEN) this.#seen.shift();
  }

  /** What the last look at or before this moment saw, unless that is older than `oldest_us`. */
  at(now_us: number, oldest_us = 1_500_000): SeenVideoFrame | null {
    const frame = this.#seen.findLast((other) => other.pts_us <= now_us);
    return frame && now_us - frame.pts_us <= oldest_us ? frame : null;
  }

  /** The looks of the last `span_us` before this moment, oldest first. */
  before(now_us: number, span_us: number): SeenVideoFrame[] {
    return this.#seen.filter((frame) => frame.pts_us <= now_us && frame.pts_us >= now_us - span_us);
  }

  clear(): void {
    this.#seen = [];
  }
}
