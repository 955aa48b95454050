import { expect, it } from 'vitest';
import type { Alert, Detection } from '../api/types';
import { overlap, tally, telling } from './why';

const seen = (name: string, bbox: Detection['bbox'], zones: string[] = []): Detection => ({ class: name, confidence: 0.9, bbox, track: null, zones });

it('puts first what the alert is about', () => {
  const alert = { class: 'object', zone: 'yard', bbox: [0.5, 0.5, 0.1, 0.1] } as Alert;
  const detections = [seen('pina', [0, 0, 0.1, 0.1]), seen('object', [0, 0, 0.1, 0.1]), seen('object', [0.5, 0.5, 0.1, 0.1], ['yard'])];
  expect(telling({ node: 'zoned', role: 'detections', detections, said: '' }, alert).map((one) => one.zones.length)).toEqual([1, 0, 0]);
});

it('counts what was seen, and how boxes overlap', () => {
  expect(tally([seen('pina', [0, 0, 1, 1]), seen('object', [0, 0, 1, 1]), seen('pina', [0, 0, 1, 1])])).toBe('2 pina, 1 object');
  expect(overlap([0, 0, 2, 1], [1, 0, 2, 1])).toBeCloseTo(1 / 3);
  expect(overlap([0, 0, 1, 1], [2, 2, 1, 1])).toBe(0);
});
