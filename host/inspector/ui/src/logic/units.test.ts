import { expect, it } from 'vitest';
import { bytes, milliseconds, percent, perSecond, plural } from './units';

it('says rates so that small ones are not nothing', () => {
  expect([null, 0, 0.04, 7.96, 316.4].map(perSecond)).toEqual(['–', '0', '0.04', '8.0', '316']);
});

it('says latencies from microseconds to seconds', () => {
  expect([null, 0, 0.0004, 0.045, 4.26, 41.3, 1234].map(milliseconds)).toEqual(['–', '0 ms', '< 1 µs', '45 µs', '4.3 ms', '41 ms', '1.2 s']);
});

it('says sizes, shares and plurals', () => {
  expect([512, 1536, 67_108_864].map(bytes)).toEqual(['512 B', '1.5 KiB', '64 MiB']);
  expect(percent(0.4256, 1)).toBe('42.6 %');
  expect(plural(1, 'camera')).toBe('1 camera');
  expect(plural(2, 'dead letter')).toBe('2 dead letters');
});
