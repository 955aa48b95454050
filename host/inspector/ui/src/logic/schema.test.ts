import { expect, it } from 'vitest';
import type { JsonSchema } from '../api/types';
import { fieldsOf, keysAt, sentences, valuesAt } from './schema';

const SCHEMA: JsonSchema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', description: 'What it is called.' },
    cameras: { type: 'object', additionalProperties: { $ref: '#/$defs/Camera' } },
    tests: { type: 'array', items: { type: 'object', properties: { camera: { type: 'string' } } } },
  },
  $defs: {
    Camera: {
      type: 'object',
      properties: {
        transport: { anyOf: [{ type: 'string', enum: ['tcp', 'udp'] }, { type: 'string', pattern: '\\$' }] },
        fps: { type: 'number', default: 5 },
      },
    },
  },
};

it('offers keys, through references and lists', () => {
  expect(keysAt(SCHEMA, []).map((offer) => offer.label)).toEqual(['name', 'cameras', 'tests']);
  expect(keysAt(SCHEMA, [])[0]).toEqual({ label: 'name', detail: 'must be given', info: 'What it is called.' });
  expect(keysAt(SCHEMA, ['cameras', 'gate'])).toContainEqual({ label: 'fps', detail: 'default 5', info: '' });
  expect(keysAt(SCHEMA, ['tests', '[]']).map((offer) => offer.label)).toEqual(['camera']);
  expect(keysAt(SCHEMA, ['nowhere'])).toEqual([]);
});

it('offers values', () => {
  expect(valuesAt(SCHEMA, ['cameras', 'gate', 'transport']).map((offer) => offer.label)).toEqual(['tcp', 'udp']);
});

it('makes a form of a plugin’s settings', () => {
  const fields = fieldsOf({
    type: 'object',
    required: ['zone'],
    properties: {
      after: { type: 'string', default: '1s' },
      alert: { type: 'array', items: { type: 'string' } },
      severity: { $ref: '#/$defs/Level', description: 'How much it matters.' },
      zone: { type: 'string' },
    },
    $defs: { Level: { oneOf: [{ type: 'string', const: 'info', description: 'A line in a log.' }, { type: 'string', const: 'critical' }] } },
  });
  expect(fields.map(({ name, kind, isNeeded }) => [name, kind, isNeeded])).toEqual([['zone', 'text', true], ['after', 'text', false], ['alert', 'list', false], ['severity', 'choice', false]]);
  expect(fields[3]?.options.map((option) => option.value)).toEqual(['info', 'critical']);
  expect(fields[1]?.placeholder).toBe('1s');
});

it('begins with what has to be known', () => {
  expect(sentences('Where to post. The node’s grants have to allow it.')).toEqual(['Where to post.', 'The node’s grants have to allow it.']);
  expect(sentences('At most 1.5 of them')).toEqual(['At most 1.5 of them', '']);
  expect(sentences('')).toEqual(['', '']);
});
