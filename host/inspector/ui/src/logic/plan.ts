// What a change would do, in one sentence: `2 nodes reconfigured, state kept; 1 camera reconnects`.

import type { PlanDetails } from '../api/types';
import { plural } from './units';

/** What a report says about cameras and nodes, without the line about the reload itself. */
export function saidLines(said: string): string[] {
  return said.split('\n').filter((line) => line.trim() !== '' && !/^flow '/.test(line));
}

/** The cameras that a change connects, for the first time or anew. */
export function connected(details: Partial<PlanDetails>): string[] {
  const effects = (details.effects?.cameras ?? []).filter(({ source }) => source === 'reconnects' || source === 'new');
  return effects.map(({ camera }) => camera);
}

export function planSentence(details: Partial<PlanDetails>): string {
  const { effects, nodes = {}, cameras = {} } = details;
  if (details.changes === false) return 'nothing changes for what runs';
  const parts: string[] = [];
  const of = (what: Record<string, { change: string }>, change: string): number => Object.values(what).filter((entry) => entry.change === change).length;

  const added = of(nodes, 'added');
  const removed = of(nodes, 'removed');
  if (added > 0) parts.push(`${plural(added, 'node')} added`);
  if (removed > 0) parts.push(`${plural(removed, 'node')} removed`);
  const replaced = (effects?.nodes ?? []).filter((effect) => effect.instances.replaced !== 'none' && nodes[effect.node]?.change !== 'added' && nodes[effect.node]?.change !== 'removed');
  const kept = replaced.filter((effect) => effect.state === 'kept').length;
  const anew = replaced.length - kept;
  if (kept > 0) parts.push(`${plural(kept, 'node')} reconfigured, state kept`);
  if (anew > 0) parts.push(`${plural(anew, 'node')} begins anew`.replace(/s begins/, 's begin'));

  const camerasAdded = of(cameras, 'added');
  const camerasRemoved = of(cameras, 'removed');
  const reconnect = (effects?.cameras ?? []).filter((effect) => effect.source === 'reconnects').length;
  if (camerasAdded > 0) parts.push(`${plural(camerasAdded, 'camera')} added`);
  if (camerasRemoved > 0) parts.push(`${plural(camerasRemoved, 'camera')} removed`);
  parts.push(reconnect === 1 ? '1 camera reconnects' : `${reconnect === 0 ? 'no' : reconnect} cameras reconnect`);
  return parts.join('; ');
}
