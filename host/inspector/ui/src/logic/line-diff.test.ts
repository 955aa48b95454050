import { expect, it } from 'vitest';
import { lineDiff } from './line-diff';

const marks = { same: ' ', added: '+', removed: '-' };
const diff = (from: string, to: string): string[] => lineDiff(from, to).map((line) => marks[line.kind] + line.text);

it('shows what was changed, and nothing else', () => {
  expect(diff('a\nb\nc', 'a\nx\nc')).toEqual([' a', '-b', '+x', ' c']);
  expect(diff('a\nb', 'a\nb')).toEqual([' a', ' b']);
  expect(diff('a\nb\nc\nd', 'b\nc\ne\nd')).toEqual(['-a', ' b', ' c', '+e', ' d']);
});

it('shows large differences as replaced', () => {
  const many = (word: string): string => Array.from({ length: 2000 }, (_, index) => word + index).join('\n');
  expect(lineDiff(many('a'), many('b'))).toHaveLength(4000);
});
