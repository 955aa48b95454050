import { expect, it } from 'vitest';
import { attemptWords, sinceWords } from './lost';

it('counts down to the next attempt', () => {
  const lost = (tries_again_in_s: number | null) => ({ health: 'lost' as const, tries_again_in_s });
  expect(attemptWords(lost(12.3), 1000, 1000)).toBe('next attempt in 13 s');
  expect(attemptWords(lost(12.3), 1000, 6000)).toBe('next attempt in 8 s');
  expect(attemptWords(lost(12.3), 1000, 60_000)).toBe('trying now');
  expect(attemptWords(lost(300), 0, 0)).toBe('next attempt in 5 min');
  expect(attemptWords(lost(null), 0, 0)).toBe('trying now');
  expect(attemptWords({ health: 'live' }, 0, 0)).toBe('');
});

it('says since when', () => {
  const at = new Date(2026, 10, 23, 14, 2).getTime();
  expect(sinceWords('lost', at, at + 1000)).toMatch(/^lost since .*14:02$/);
  expect(sinceWords('lost', null, at)).toBe('lost');
});
