import { describe, expect, it } from 'vitest';
import type { Point } from '../api/types';
import { area, contains, crossings, flaw, nearestEdge, snapped } from './polygon';

const SQUARE: Point[] = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]];
const BOW: Point[] = [[0.1, 0.1], [0.5, 0.5], [0.5, 0.1], [0.1, 0.5]];

describe('a zone', () => {
  it('has an area whichever way round it is drawn', () => {
    expect(area(SQUARE)).toBeCloseTo(0.16);
    expect(area([...SQUARE].reverse())).toBeCloseTo(0.16);
    expect(area([])).toBe(0);
  });

  it('contains what is inside', () => {
    expect(contains(SQUARE, [0.3, 0.3])).toBe(true);
    expect(contains(SQUARE, [0.6, 0.3])).toBe(false);
  });

  it('is kept in the picture, to a thousandth of it', () => {
    expect(snapped([-0.2, 0.12345])).toEqual([0, 0.123]);
    expect(snapped([1.7, 0.9996])).toEqual([1, 1]);
  });

  it('knows which edge a click is near', () => {
    expect(nearestEdge(SQUARE, [0.51, 0.3])).toEqual({ index: 1, distance: expect.closeTo(0.01) });
  });
});

describe('flaw', () => {
  it('has nothing to say about a good shape, a concave one too', () => {
    expect(flaw(SQUARE)).toBeNull();
    expect(flaw([[0.1, 0.1], [0.5, 0.1], [0.3, 0.2], [0.5, 0.5], [0.1, 0.5]])).toBeNull();
  });

  it('names the edges that cross', () => {
    expect(crossings(BOW)).toEqual([[0, 2]]);
    expect(flaw(BOW)).toContain('edge 1–2 crosses the edge 3–4');
  });

  it('sees edges that touch, and that lie on each other', () => {
    expect(flaw([[0, 0], [0.4, 0], [0.4, 0.4], [0.2, 0], [0, 0.4]])).toContain('crosses');
    expect(flaw([[0, 0], [0.4, 0], [0.2, 0]])).toContain('crosses');
  });

  it('counts corners and finds twins', () => {
    expect(flaw([[0, 0], [1, 1]])).toContain('at least 3 corners; this one has 2');
    expect(flaw([[0.1, 0.1], [0.1, 0.1], [0.5, 0.5], [0.1, 0.5]])).toContain('Corners 1 and 2');
    expect(flaw([[0.1, 0.1], [0.101, 0.1], [0.1, 0.101]])).toContain('area');
  });
});
