// What a JSON Schema says about one place: which keys can stand there, and which values.

import type { JsonSchema } from '../api/types';

export interface Offer {
  label: string;
  detail: string;
  info: string;
}

/** All schemas that a value at this path could follow. */
export function schemasAt(root: JsonSchema, path: readonly string[]): JsonSchema[] {
  let now = variants(root, root);
  for (const key of path) {
    now = now.flatMap((schema) => {
      if (key === '[]') return schema.items ? variants(schema.items, root) : [];
      const property = schema.properties?.[key];
      if (property) return variants(property, root);
      return typeof schema.additionalProperties === 'object' ? variants(schema.additionalProperties, root) : [];
    });
  }
  return now;
}

export function keysAt(root: JsonSchema, path: readonly string[]): Offer[] {
  const offers = new Map<string, Offer>();
  for (const schema of schemasAt(root, path)) {
    for (const [label, property] of Object.entries(schema.properties ?? {})) {
      const isNeeded = schema.required?.includes(label) ?? false;
      if (!offers.has(label)) offers.set(label, { label, detail: isNeeded ? 'must be given' : defaultOf(property, root), info: descriptionOf(property, root) });
    }
  }
  return [...offers.values()];
}

export function valuesAt(root: JsonSchema, path: readonly string[]): Offer[] {
  const offers = new Map<string, Offer>();
  for (const schema of schemasAt(root, path)) {
    const fixed = schema.const !== undefined ? [schema.const] : (schema.enum ?? (schema.type === 'boolean' ? [true, false] : []));
    const values = fixed.length > 0 ? fixed : [...(schema.examples ?? []), ...(schema.default === undefined ? [] : [schema.default])];
    for (const value of values) {
      if (typeof value === 'object') continue;
      const label = String(value);
      if (!offers.has(label)) offers.set(label, { label, detail: fixed.length > 0 ? '' : 'example', info: schema.description ?? '' });
    }
  }
  return [...offers.values()];
}

/** A schema without its references and alternatives, as a list of what remains. */
function variants(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema[] {
  if (depth > 8) return [];
  const name = schema.$ref?.split('/').at(-1);
  const own = name ? (root.$defs?.[name] ?? {}) : schema;
  const inner = [...(own.anyOf ?? []), ...(own.oneOf ?? []), ...(own.allOf ?? [])];
  const found = inner.flatMap((other) => variants(other, root, depth + 1));
  if (own !== schema) return variants(own, root, depth + 1);
  return own.properties || own.type || own.const !== undefined || own.enum || own.additionalProperties ? [own, ...found] : found;
}

function descriptionOf(schema: JsonSchema, root: JsonSchema): string {
  return schema.description ?? variants(schema, root).find((other) => other.description)?.description ?? '';
}

function defaultOf(schema: JsonSchema, root: JsonSchema): string {
  const value = variants(schema, root).find((other) => other.default !== undefined)?.default;
  return value === undefined || typeof value === 'object' ? '' : `default ${String(value)}`;
}

export interface Field {
  name: string;
  kind: 'text' | 'number' | 'boolean' | 'choice' | 'list';
  options: { value: string; description: string }[];
  description: string;
  isNeeded: boolean;
  placeholder: string;
}

/** The settings of a plugin as the fields of a form; those that must be given come first. */
export function fieldsOf(schema: JsonSchema): Field[] {
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]): Field => {
    const all = variants(property, schema);
    const options = all.flatMap((other) => (typeof other.const === 'string' ? [{ value: other.const, description: other.description ?? '' }] : (other.enum ?? []).filter((value) => typeof value === 'string').map((value) => ({ value: value as string, description: '' }))));
    const types = new Set(all.flatMap((other) => other.type ?? []));
    const fallback = all.find((other) => other.default !== undefined)?.default ?? property.default;
    return {
      name,
      kind: options.length > 0 ? 'choice' : types.has('array') ? 'list' : types.has('boolean') ? 'boolean' : types.has('number') || types.has('integer') ? 'number' : types.has('object') ? 'text' : 'text',
      options,
      description: descriptionOf(property, schema),
      isNeeded: schema.required?.includes(name) ?? false,
      placeholder: fallback !== undefined && typeof fallback !== 'object' ? String(fallback) : String(all.flatMap((other) => other.examples ?? [])[0] ?? ''),
    };
  });
  return fields.toSorted((one, other) => Number(other.isNeeded) - Number(one.isNeeded));
}

/** The first sentence of a description, and the rest: that is for those who want to know more. */
export function sentences(description: string): [first: string, rest: string] {
  const end = description.indexOf('. ') + 1;
  return end === 0 ? [description, ''] : [description.slice(0, end), description.slice(end).trim()];
}
