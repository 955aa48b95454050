// A camera that is lost: since when, and when it is tried again, in words.

import type { CameraStatus } from '../api/types';
import { duration, minute } from './time';

/** `lost since 14:02`, or `lost` where nobody knows since when. */
export function sinceWords(word: string, since: number | null, now: number): string {
  return since === null ? word : `${word} since ${minute(since, now)}`;
}

/** `next attempt in 12 s`; `statusAt` is when the status came, in milliseconds as `now`. */
export function attemptWords(status: Pick<CameraStatus, 'health' | 'tries_again_in_s'>, statusAt: number, now: number): string {
  if (status.health !== 'lost') return '';
  if (status.tries_again_in_s == null) return 'trying now';
  const left = Math.ceil(status.tries_again_in_s - Math.max(0, now - statusAt) / 1000);
  if (left <= 0) return 'trying now';
  return `next attempt in ${left < 60 ? `${left} s` : duration(left)}`;
}
