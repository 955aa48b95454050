// The geometry of zones: corners are fractions of the picture, from its top left.

import type { Point } from '../api/types';

export const MOST_CORNERS = 1000;
/** Corners are kept to a thousandth of the picture. */
const STEP = 0.001;
/** A zone that is smaller than this share of the picture is a slip of the hand. */
const LEAST_AREA = 0.00005;

/** The point, inside the picture and to a thousandth of it. */
export function snapped([x, y]: Point): Point {
  const snap = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) / STEP) / (1 / STEP);
  return [snap(x), snap(y)];
}

/** As a share of the picture. */
export function area(points: readonly Point[]): number {
  let twice = 0;
  points.forEach(([x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length] ?? [x, y];
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

/** Whether the point is in the polygon. */
export function contains(points: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  points.forEach(([x1, y1], index) => {
    const [x2, y2] = points[(index + 1) % points.length] ?? [x1, y1];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  });
  return inside;
}

/** Where a name for it stands well. */
export function centre(points: readonly Point[]): Point {
  const sum = points.reduce(([x, y], point) => [x + point[0], y + point[1]] as Point, [0, 0] as Point);
  const many = Math.max(1, points.length);
  return [sum[0] / many, sum[1] / many];
}

/** A pair of edges that cross or touch; an edge has the number of the corner that it begins at, from 0. */
export type Crossing = [number, number];

export function crossings(points: readonly Point[]): Crossing[] {
  const found: Crossing[] = [];
  const many = points.length;
  for (let first = 0; first < many; first += 1) {
    for (let second = first + 1; second < many; second += 1) {
      const areNeighbours = second === first + 1 || (first === 0 && second === many - 1);
      const [a, b, c, d] = [points[first], points[(first + 1) % many], points[second], points[(second + 1) % many]];
      if (!a || !b || !c || !d) continue;
      if (areNeighbours ? foldsBack(a, b, c, d, second === first + 1) : meet(a, b, c, d)) found.push([first, second]);
    }
  }
  return found;
}

/** Why the shape cannot be a zone, in words, or `null` if it can. */
export function flaw(points: readonly Point[]): string | null {
  if (points.length < 3) return `A zone has at least 3 corners; this one has ${points.length}.`;
  if (points.length > MOST_CORNERS) return `A zone has at most ${MOST_CORNERS} corners; this one has ${points.length}.`;
  const twin = points.findIndex(([x, y], index) => {
    const next = points[(index + 1) % points.length];
    return next !== undefined && next[0] === x && next[1] === y;
  });
  if (twin >= 0) {
    return `Corners ${twin + 1} and ${((twin + 1) % points.length) + 1} are at the same place. Move or delete one of them.`;
  }
  const [crossing] = crossings(points);
  if (crossing) {
    const [first, second] = crossing;
    return `The edge ${edgeName(first, points.length)} crosses the edge ${edgeName(second, points.length)}. Move one of these corners until the edges do not meet.`;
  }
  if (area(points) < LEAST_AREA) return 'The zone has next to no area. Move its corners apart.';
  return null;
}

function edgeName(index: number, many: number): string {
  return `${index + 1}–${((index + 1) % many) + 1}`;
}

/** Which edge is nearest to the point, and how far in fractions of the picture. */
export function nearestEdge(points: readonly Point[], point: Point): { index: number; distance: number } {
  let nearest = { index: -1, distance: Infinity };
  points.forEach((start, index) => {
    const end = points[(index + 1) % points.length] ?? start;
    const distance = toSegment(point, start, end);
    if (distance < nearest.distance) nearest = { index, distance };
  });
  return nearest;
}

/** Whether two neighbouring edges lie on each other. */
function foldsBack(a: Point, b: Point, c: Point, d: Point, inOrder: boolean): boolean {
  const [from, corner, to] = inOrder ? [a, b, d] : [b, a, c];
  if (turn(from, corner, to) !== 0) return false;
  return (from[0] - corner[0]) * (to[0] - corner[0]) + (from[1] - corner[1]) * (to[1] - corner[1]) > 0;
}

function meet(a: Point, b: Point, c: Point, d: Point): boolean {
  const [abc, abd, cda, cdb] = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  if (abc !== abd && cda !== cdb) return true;
  return (
    (abc === 0 && isOn(c, a, b)) || (abd === 0 && isOn(d, a, b)) || (cda === 0 && isOn(a, c, d)) || (cdb === 0 && isOn(b, c, d))
  );
}

/** 1, 0 or -1: to which side the way from `a` over `b` to `c` turns. */
function turn(a: Point, b: Point, c: Point): number {
  const cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  return Math.abs(cross) < 1e-12 ? 0 : Math.sign(cross);
}

function isOn(point: Point, a: Point, b: Point): boolean {
  return (
    Math.min(a[0], b[0]) <= point[0] && point[0] <= Math.max(a[0], b[0]) && Math.min(a[1], b[1]) <= point[1] && point[1] <= Math.max(a[1], b[1])
  );
}

function toSegment([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
}
