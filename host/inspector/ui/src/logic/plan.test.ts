import { expect, it } from 'vitest';
import { connected, planSentence, saidLines } from './plan';

it('says what a change does, and what stays', () => {
  expect(
    planSentence({
      changes: true,
      cameras: { field: { change: 'changed' } },
      nodes: { calm: { change: 'changed' }, old: { change: 'removed' } },
      effects: {
        nodes: [
          { node: 'calm', state: 'kept', instances: { replaced: 'all' } },
          { node: 'forbidden', state: 'kept', instances: { replaced: 'of', cameras: ['field'] } },
          { node: 'detect', state: 'kept', instances: { replaced: 'none' } },
        ],
        cameras: [{ camera: 'field', source: 'reconnects' }],
      },
    }),
  ).toBe('1 node removed; 2 nodes reconfigured, state kept; 1 camera reconnects');
});

it('says that nothing changes', () => {
  expect(planSentence({ changes: false })).toBe('nothing changes for what runs');
});

it('leaves out the line about the reload itself', () => {
  expect(saidLines("flow 'demo': edited in the page; reloaded\n~ node 'calm': state kept\n    config: hold: 2s → hold: 3s\n")).toEqual(["~ node 'calm': state kept", '    config: hold: 2s → hold: 3s']);
});

it('knows which cameras a change connects', () => {
  const cameras = [{ camera: 'gate', source: 'stays' }, { camera: 'yard', source: 'reconnects' }, { camera: 'door', source: 'new' }];
  expect(connected({ effects: { nodes: [], cameras } })).toEqual(['yard', 'door']);
  expect(connected({})).toEqual([]);
});
