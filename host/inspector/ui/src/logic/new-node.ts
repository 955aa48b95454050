// A new node as lines of the flow file, from what was filled into a form.

import type { NodeRole } from '../api/types';
import { scalar } from './flow-text';
import type { Field } from './schema';

/** To an adapter: whatever alerts leave the flow, those of later rules as well. */
export const ALL_ALERTS = 'alerts';

/** What a node of this role can read. */
export function readable(role: NodeRole, nodes: readonly { name: string; role: NodeRole }[]): string[] {
  const gives: Record<NodeRole, NodeRole[]> = {
    infer: [],
    filter: ['infer', 'filter'],
    rule: ['infer', 'filter'],
    gate: ['rule', 'gate'],
    adapter: ['rule', 'gate'],
  };
  const named = nodes.filter((node) => gives[role].includes(node.role)).map((node) => node.name);
  return role === 'adapter' ? [ALL_ALERTS, ...named] : named;
}

export interface NewNode {
  name: string;
  plugin: string;
  role: NodeRole;
  from: string;
  fields: readonly Field[];
  values: Readonly<Record<string, string>>;
  /** Whether a filter of the flow notes zones; a rule about a zone needs one before it. */
  hasZones: 'in the flow' | 'not yet';
  taken: readonly string[];
}

export function nodeBlock(node: NewNode): string {
  const lines: string[] = [];
  let from = node.from;
  if (node.role === 'rule' && node.values.zone && node.hasZones === 'not yet') {
    from = node.taken.includes('zoned') ? `zoned-${node.taken.length}` : 'zoned';
    lines.push(`${from}: { plugin: roi, from: ${node.from} }`);
  }
  const config = Object.fromEntries(node.fields.flatMap((field) => {
    const value = valueOf(field, node.values[field.name] ?? '');
    return value === null ? [] : [[field.name, value]];
  }));
  lines.push(`${node.name}:`, `  plugin: ${scalar(node.plugin)}`, `  from: ${from}`);
  if (Object.keys(config).length > 0) lines.push(`  config: ${scalar(config)}`);
  const origin = node.role === 'adapter' ? originOf(node.values.url ?? '') : null;
  if (origin) lines.push(`  allow: { http: [${scalar(origin)}] }`);
  return lines.join('\n');
}

/** What was typed, as the setting takes it; `null` for nothing. */
export function valueOf(field: Field, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (field.kind === 'boolean') return trimmed === 'true';
  if (field.kind === 'number') return Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
  if (field.kind === 'list') return trimmed.split(',').map((item) => item.trim()).filter(Boolean);
  return trimmed;
}

/** Scheme, host and port of a web address: what a grant names. */
function originOf(url: string): string | null {
  try {
    const parsed = new URL(url);
    return parsed.protocol === 'http:' || parsed.protocol === 'https:' ? parsed.origin : null;
  } catch {
    return null;
  }
}
