import { describe, expect, it } from 'vitest';
import { added, namesIn, placeAt, pluginOf, scalar } from './flow-text';

const FLOW = `version: 1
name: demo

cameras:
  field:
    url: demo.mp4   # a clip
    zones:
      forbidden: [[0.1, 0.2]]

nodes:
  detect: { infer: pina, from: cameras }
  # the rule
  forbidden:
    plugin: forbidden-object
    from: zoned
    config: { zone: forbidden, alert: [object] }

tests:
  - name: one
    camera: field
`;

function place(text: string): [string[], string, string] {
  const cursor = text.indexOf('|');
  const at = placeAt(text.replace('|', ''), cursor);
  return [at.path, at.kind, at.typed];
}

describe('placeAt', () => {
  it('knows keys by their indentation', () => {
    expect(place('na|')).toEqual([[], 'key', 'na']);
    expect(place(FLOW.replace('    url: demo.mp4   # a clip', '    u|'))).toEqual([['cameras', 'field'], 'key', 'u']);
    expect(place(FLOW.replace('# the rule', 'ca|'))).toEqual([['nodes'], 'key', 'ca']);
  });

  it('knows values, and what is in braces and brackets', () => {
    expect(place(FLOW.replace('from: zoned', 'from: zo|'))).toEqual([['nodes', 'forbidden', 'from'], 'value', 'zo']);
    expect(place(FLOW.replace('infer: pina, from', 'infer: pina, fr|'))).toEqual([['nodes', 'detect'], 'key', 'fr']);
    expect(place(FLOW.replace('{ infer: pina', '{ infer: |'))).toEqual([['nodes', 'detect', 'infer'], 'value', '']);
    expect(place(FLOW.replace('{ zone: forbidden', '{ zone: fo|'))).toEqual([['nodes', 'forbidden', 'config', 'zone'], 'value', 'fo']);
    expect(place(FLOW.replace('[object]', '[obj|'))).toEqual([['nodes', 'forbidden', 'config', 'alert', '[]'], 'value', 'obj']);
  });

  it('knows items of lists', () => {
    expect(place(FLOW.replace('camera: field', 'cam|'))).toEqual([['tests', '[]'], 'key', 'cam']);
    expect(place(FLOW.replace('- name: one', '- na|'))).toEqual([['tests', '[]'], 'key', 'na']);
    expect(place(`${FLOW}  - name: two\n    given:\n      - at: 1s\n        fo|`)).toEqual([['tests', '[]', 'given', '[]'], 'key', 'fo']);
    expect(place(`${FLOW}    expect:\n      calm:\n      - kind: x\n      - ph|`)).toEqual([['tests', '[]', 'expect', 'calm', '[]'], 'key', 'ph']);
  });
});

it('knows what is named', () => {
  expect(namesIn(FLOW, 'nodes')).toEqual(['detect', 'forbidden']);
  expect(namesIn(FLOW, 'cameras')).toEqual(['field']);
  expect(namesIn(FLOW, 'models')).toEqual([]);
  expect(pluginOf(FLOW, 'forbidden')).toBe('forbidden-object');
  expect(pluginOf(FLOW, 'detect')).toBeNull();
});

describe('added', () => {
  it('adds to a section and leaves every other line as it is', () => {
    const with2 = added(FLOW, 'cameras', 'gate:\n  url: rtsp://10.0.0.5/1');
    const lines = with2?.text.split('\n') ?? [];
    expect(lines.slice(7, 11)).toEqual(['      forbidden: [[0.1, 0.2]]', '  gate:', '    url: rtsp://10.0.0.5/1', '']);
    expect(lines.filter((line) => !FLOW.split('\n').includes(line))).toEqual(['  gate:', '    url: rtsp://10.0.0.5/1']);
    expect(with2?.line).toBe(9);
  });

  it('makes the section where there is none, and leaves alone what is not a block', () => {
    expect(added('version: 1\n', 'cameras', 'gate: { url: x }')?.text).toBe('version: 1\n\ncameras:\n  gate: { url: x }\n');
    expect(added('cameras: {}\n', 'cameras', 'gate: {}')).toBeNull();
  });
});

it('writes values as YAML', () => {
  expect(scalar('forbidden-object')).toBe('forbidden-object');
  expect(scalar('500ms')).toBe('500ms');
  expect(scalar('rtsp://10.0.0.5/1')).toBe('"rtsp://10.0.0.5/1"');
  expect(scalar('yes')).toBe('"yes"');
  expect(scalar('12')).toBe('"12"');
  expect(scalar({ zone: 'yard', alert: ['object', 'a b'], count: 2 })).toBe('{ zone: yard, alert: [object, "a b"], count: 2 }');
});
