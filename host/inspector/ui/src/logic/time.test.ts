import { describe, expect, it } from 'vitest';
import { ago, clock, duration, full, minute } from './time';

describe('duration', () => {
  it.each([
    [0.0123, '12 ms'], [0.85, '850 ms'], [4.23, '4.2 s'], [42, '42 s'], [200, '3 min'],
    [7500, '2 h 5 min'], [7200, '2 h'], [86_400 * 3 + 3600, '3 d 1 h'], [-4, '−4.0 s'], [NaN, '–'],
  ])('%d s is %s', (seconds, said) => expect(duration(seconds)).toBe(said));
});

describe('ago', () => {
  it.each([
    [0, 'now'], [1900, 'now'], [12_400, '12 s ago'], [61_000, '1 min ago'], [3_700_000, '1 h ago'], [200_000_000, '2 d ago'], [-5000, 'now'],
  ])('%d ms is %s', (milliseconds, said) => expect(ago(0, milliseconds)).toBe(said));
});

describe('clock', () => {
  it('is the viewer’s time of day, with the day only where that is another one', () => {
    const noon = new Date(2026, 10, 23, 12, 4, 5);
    expect(clock(noon, noon.getTime())).toContain('12:04:05');
    expect(clock(noon, noon.getTime())).not.toContain('23');
    expect(clock(noon, noon.getTime() + 86_400_000)).toContain('23');
    expect(minute(noon, noon.getTime())).toBe('12:04');
  });

  it('says of what is no time that there is none', () => {
    expect(clock('yesterday')).toBe('–');
    expect(full('')).toBe('–');
  });
});
