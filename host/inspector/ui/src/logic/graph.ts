// The graph as it is drawn: many cameras become a few groups, so that 200 of them stay readable.

import type { Graph, GraphEdge, GraphNode } from '../api/types';

/** More cameras than this with the same readers are drawn as one group. */
export const MOST_SINGLE_CAMERAS = 8;

export interface DrawnNode {
  id: string;
  kind: GraphNode['kind'] | 'group';
  name: string;
  title: string;
  /** Of a group: the names of its cameras. */
  cameras: string[];
}

export interface DrawnEdge {
  id: string;
  from: string;
  to: string;
  carries: GraphEdge['carries'];
}

export interface Drawn {
  nodes: DrawnNode[];
  edges: DrawnEdge[];
}

export function drawn(graph: Graph): Drawn {
  const cameras = graph.nodes.filter((node) => node.kind === 'camera');
  const others = graph.nodes.filter((node) => node.kind !== 'camera');
  const nodes: DrawnNode[] = [];
  const standIn = new Map<string, string>();
  for (const [key, members] of groups(cameras, graph.edges)) {
    const name = members[0]?.group ?? null;
    const isGroup = name !== null ? members.length > 1 : members.length > MOST_SINGLE_CAMERAS;
    if (isGroup) {
      const id = `group:${key}`;
      nodes.push({ id, kind: 'group', name: name ?? `${members.length} cameras`, title: '', cameras: members.map((camera) => camera.name) });
      for (const camera of members) standIn.set(camera.id, id);
    } else {
      nodes.push(...members.map((camera) => ({ ...camera, cameras: [camera.name] })));
    }
  }
  nodes.push(...others.map((node) => ({ ...node, cameras: [] })));
  return { nodes, edges: joined(graph.edges, standIn) };
}

/** Cameras by their group, or where they have none by who reads them. */
function groups(cameras: GraphNode[], edges: GraphEdge[]): Map<string, GraphNode[]> {
  const readers = new Map<string, string[]>();
  for (const edge of edges) readers.set(edge.from, [...(readers.get(edge.from) ?? []), edge.to]);
  const found = new Map<string, GraphNode[]>();
  for (const camera of cameras) {
    const key = camera.group ? camera.group : (readers.get(camera.id) ?? []).map(nameOf).toSorted().join(' ');
    found.set(key, [...(found.get(key) ?? []), camera]);
  }
  return found;
}

function joined(edges: GraphEdge[], standIn: Map<string, string>): DrawnEdge[] {
  const found = new Map<string, DrawnEdge>();
  for (const edge of edges) {
    const from = standIn.get(edge.from) ?? edge.from;
    const id = `${from} → ${edge.to}`;
    found.set(id, { id, from, to: edge.to, carries: edge.carries });
  }
  return [...found.values()];
}

/** The name in an id such as `node:zoned`. */
export function nameOf(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}

export interface Placed {
  id: string;
  x: number;
  y: number;
}

export type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/** Who is next in the direction of an arrow key. */
export function neighbour(placed: readonly Placed[], from: string, direction: Direction): string | null {
  const here = placed.find((node) => node.id === from);
  if (!here) return placed[0]?.id ?? null;
  const isAcross = direction === 'ArrowLeft' || direction === 'ArrowRight';
  const sign = direction === 'ArrowRight' || direction === 'ArrowDown' ? 1 : -1;
  let best: { id: string; cost: number } | null = null;
  for (const node of placed) {
    const [dx, dy] = [node.x - here.x, node.y - here.y];
    const along = (isAcross ? dx : dy) * sign;
    if (along <= 1) continue;
    const cost = along + Math.abs(isAcross ? dy : dx) * 2;
    if (!best || cost < best.cost) best = { id: node.id, cost };
  }
  return best?.id ?? null;
}

/** The nodes that a lit path goes through, and the edges between them. */
export function litPath(edges: readonly DrawnEdge[], ids: ReadonlySet<string>): Set<string> {
  return new Set(edges.filter((edge) => ids.has(edge.from) && ids.has(edge.to)).map((edge) => edge.id));
}
