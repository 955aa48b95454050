import { expect, it } from 'vitest';
import type { Incident } from '../api/types';
import { refreshed } from './incidents';

const incident = (first_sequence: number, ended: string | null = null): Incident => ({
  key: `${first_sequence}`, camera_id: 'gate', kind: 'x', class: 'object', zone: null, severity: 'info', began: '', ended, count: 1,
  first_sequence, last_sequence: first_sequence, has_picture: false,
});

it('takes the newest as they are now and keeps what is older', () => {
  const known = [incident(5), incident(4), incident(2), incident(1)];
  const list = refreshed(known, [incident(7), incident(5, 'now'), incident(4)], false);
  expect(list.map((it) => it.first_sequence)).toEqual([7, 5, 4, 2, 1]);
  expect(list[1]?.ended).toBe('now');
  expect(refreshed(known, [incident(7)], true).map((it) => it.first_sequence)).toEqual([7]);
  expect(refreshed(known, [], true)).toEqual([]);
});
