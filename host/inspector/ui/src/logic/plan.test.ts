import { expect, it } from 'vitest';
import { planSentence } from './plan';

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
