// What a node of an alert's way saw, the telling part of it first.

import type { Alert, Detection, WhyStep } from '../api/types';

/** How much two boxes overlap: intersection over union. */
export function overlap(one: Detection['bbox'], other: Detection['bbox']): number {
  const wide = Math.min(one[0] + one[2], other[0] + other[2]) - Math.max(one[0], other[0]);
  const high = Math.min(one[1] + one[3], other[1] + other[3]) - Math.max(one[1], other[1]);
  if (wide <= 0 || high <= 0) return 0;
  return (wide * high) / (one[2] * one[3] + other[2] * other[3] - wide * high);
}

/** What the alert is about comes first, then what is like it. */
export function telling(step: WhyStep, alert: Alert): Detection[] {
  const score = (detection: Detection): number =>
    (alert.bbox ? overlap(detection.bbox, alert.bbox) * 4 : 0) +
    (detection.class === alert.class ? 2 : 0) +
    (alert.zone !== null && detection.zones.includes(alert.zone) ? 1 : 0);
  return (step.detections ?? []).toSorted((one, other) => score(other) - score(one));
}

/** How many things of which class, most first: `40 pina, 1 object`. */
export function tally(detections: readonly Detection[]): string {
  const counts = new Map<string, number>();
  for (const detection of detections) counts.set(detection.class, (counts.get(detection.class) ?? 0) + 1);
  return [...counts].toSorted(([, one], [, other]) => other - one).slice(0, 6).map(([name, many]) => `${many} ${name}`).join(', ');
}
