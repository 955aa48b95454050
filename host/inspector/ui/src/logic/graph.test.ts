import { describe, expect, it } from 'vitest';
import type { Graph } from '../api/types';
import { drawn, litPath, nameOf, neighbour } from './graph';

function graph(cameras: number, group: (index: number) => string | null = () => null): Graph {
  const names = Array.from({ length: cameras }, (_, index) => `c${index}`);
  return {
    nodes: [
      ...names.map((name, index) => ({ id: `camera:${name}`, kind: 'camera' as const, name, group: group(index), title: 'rtsp' })),
      { id: 'node:detect', kind: 'infer', name: 'detect', title: 'pina' },
      { id: 'node:calm', kind: 'gate', name: 'calm', title: 'debounce 0.1.0' },
    ],
    edges: [
      ...names.map((name) => ({ from: `camera:${name}`, to: 'node:detect', carries: 'frames' as const })),
      { from: 'node:detect', to: 'node:calm', carries: 'detections' },
    ],
  };
}

describe('drawn', () => {
  it('draws a few cameras one by one', () => {
    expect(drawn(graph(3)).nodes).toHaveLength(5);
  });

  it('makes one group of many with the same readers', () => {
    const closed = drawn(graph(200));
    expect(closed.nodes.map((node) => node.name)).toEqual(['200 cameras', 'detect', 'calm']);
    expect(closed.nodes[0]?.cameras).toHaveLength(200);
    expect(closed.edges).toHaveLength(2);
    expect(closed.nodes[0]?.id).toBe('group:detect');
  });

  it('keeps the groups that the flow names', () => {
    const names = drawn(graph(6, (index) => (index < 4 ? 'yard' : 'gate'))).nodes.map((node) => node.name);
    expect(names).toEqual(['yard', 'gate', 'detect', 'calm']);
  });
});

it('goes to the neighbour in the direction of an arrow key', () => {
  const placed = [{ id: 'a', x: 0, y: 0 }, { id: 'b', x: 300, y: 20 }, { id: 'c', x: 300, y: 200 }, { id: 'd', x: 600, y: 0 }];
  expect(neighbour(placed, 'a', 'ArrowRight')).toBe('b');
  expect(neighbour(placed, 'b', 'ArrowDown')).toBe('c');
  expect(neighbour(placed, 'd', 'ArrowRight')).toBeNull();
  expect(neighbour(placed, 'gone', 'ArrowLeft')).toBe('a');
});

it('lights the edges between the nodes of a path', () => {
  const { edges } = drawn(graph(1));
  expect([...litPath(edges, new Set(['camera:c0', 'node:detect']))]).toEqual(['camera:c0 → node:detect']);
  expect(nameOf('node:a:b')).toBe('a:b');
});
