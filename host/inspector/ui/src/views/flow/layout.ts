// Where the nodes stand: worked out by ELK's layered layout, in a worker, so that a large flow does
// not stop the page.

import ELK, { type ELK as Engine } from 'elkjs/lib/elk-api';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { Drawn, DrawnNode, Placed } from '../../logic/graph';

export type Direction = 'RIGHT' | 'DOWN';

export interface Size {
  width: number;
  height: number;
}

export function sizeOf(node: DrawnNode): Size {
  if (node.kind === 'camera') return { width: 168, height: 60 };
  if (node.kind === 'group') return { width: 184, height: 84 };
  return { width: 212, height: 100 };
}

let engine: Engine | null = null;

/** The upper left corner of each node. */
export async function layout(drawn: Drawn, direction: Direction): Promise<Placed[]> {
  engine ??= new ELK({ workerUrl });
  const answer = await engine.layout({
    id: 'flow',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction,
      'elk.partitioning.activate': 'true',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      'elk.layered.spacing.nodeNodeBetweenLayers': direction === 'RIGHT' ? '48' : '44',
      'elk.spacing.nodeNode': '20',
      'elk.padding': '[top=24,left=24,bottom=24,right=24]',
    },
    children: drawn.nodes.map((node) => ({ id: node.id, ...sizeOf(node), layoutOptions: { 'elk.partitioning.partition': partition(node) } })),
    edges: drawn.edges.map((edge) => ({ id: edge.id, sources: [edge.from], targets: [edge.to] })),
  });
  return (answer.children ?? []).map(({ id, x = 0, y = 0 }) => ({ id, x, y }));
}

/** Cameras first, adapters last. */
function partition({ kind }: DrawnNode): string {
  if (kind === 'camera' || kind === 'group') return '0';
  return kind === 'adapter' ? '2' : '1';
}
