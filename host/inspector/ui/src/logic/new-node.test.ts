import { expect, it } from 'vitest';
import { ALL_ALERTS, nodeBlock, readable } from './new-node';
import type { Field } from './schema';

const field = (name: string, kind: Field['kind']): Field => ({ name, kind, options: [], description: '', isNeeded: false, placeholder: '' });

it('writes a rule, and the filter that it needs before it', () => {
  const node = {
    name: 'forbidden', plugin: 'forbidden-object', role: 'rule' as const, from: 'detect', taken: ['detect'],
    fields: [field('zone', 'text'), field('alert', 'list'), field('after', 'text'), field('severity', 'choice')],
    values: { zone: 'yard', alert: 'object, car', after: '500ms' },
  };
  expect(nodeBlock({ ...node, hasZones: 'not yet' }).split('\n')).toEqual([
    'zoned: { plugin: roi, from: detect }',
    'forbidden:',
    '  plugin: forbidden-object',
    '  from: zoned',
    '  config: { zone: yard, alert: [object, car], after: 500ms }',
  ]);
  expect(nodeBlock({ ...node, hasZones: 'in the flow' })).not.toContain('roi');
});

it('grants an adapter the origin of its address and nothing else', () => {
  const block = nodeBlock({ name: 'hook', plugin: 'webhook', role: 'adapter', from: 'calm', taken: [], hasZones: 'not yet', fields: [field('url', 'text')], values: { url: 'https://alerts.example.org/in?x=1' } });
  expect(block).toContain('allow: { http: ["https://alerts.example.org"] }');
});

it('knows who can read whom', () => {
  const nodes = [{ name: 'detect', role: 'infer' as const }, { name: 'zoned', role: 'filter' as const }, { name: 'rule', role: 'rule' as const }];
  expect(readable('rule', nodes)).toEqual(['detect', 'zoned']);
  expect(readable('adapter', nodes)).toEqual([ALL_ALERTS, 'rule']);
});
