// The flow file as text: where in it the cursor is, what is named in it, and how something is added
// without touching the rest. It reads half-written files too, so it is no YAML parser.

export interface Place {
  /** The keys above, from the outside in; `[]` stands for an item of a list. */
  path: string[];
  kind: 'key' | 'value';
  /** Where the word at the cursor begins, and the word. */
  from: number;
  typed: string;
}

const KEY = /^(\s*)((?:- )*)("?)([\w.-]+)\3\s*:(?=\s|$)/;

export function placeAt(text: string, cursor: number): Place {
  const start = text.lastIndexOf('\n', cursor - 1) + 1;
  const prefix = text.slice(start, cursor);
  const indent = /^\s*/.exec(prefix)?.[0].length ?? 0;
  const dashes = /^\s*((?:- )*)/.exec(prefix)?.[1]?.length ?? 0;
  const path = above(text.slice(0, start).split('\n').slice(0, -1), indent, dashes > 0);
  const rest = prefix.slice(indent + dashes);
  const key = /^("?)([\w.-]+)\1\s*:\s/.exec(rest);
  if (!key) return { path, kind: 'key', from: start + indent + dashes, typed: rest };
  return inside([...path, key[2] ?? ''], rest.slice(key[0].length), start + indent + dashes + key[0].length);
}

/** The keys that a line with this indentation is below. */
function above(lines: string[], indent: number, isItem: boolean): string[] {
  const path: string[] = isItem ? ['[]'] : [];
  // A list may stand as far to the left as the key that it belongs to, but not as another item.
  let leastKey = isItem ? indent + 1 : indent;
  let leastDash = indent;
  for (const line of lines.toReversed()) {
    if (leastKey === 0) break;
    const key = KEY.exec(line);
    if (!key || /^\s*#/.test(line)) continue;
    const own = key[1]?.length ?? 0;
    const dashes = key[2]?.length ?? 0;
    const name = key[4] ?? '';
    if (dashes > 0 && own < leastDash) {
      path.unshift(...(own + dashes < leastKey ? ['[]', name] : ['[]']));
      leastKey = own + 1;
      leastDash = own;
    } else if (dashes === 0 && own < leastKey) {
      path.unshift(name);
      leastKey = own;
      leastDash = own;
    }
  }
  return path;
}

/** Inside of `{ key: value, … }` and `[ … ]` on the cursor's own line. */
function inside(path: string[], text: string, from: number): Place {
  const open: { kind: '{' | '['; key: string | null }[] = [];
  let word = 0;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    const top = open.at(-1);
    if (quote) {
      if (letter === quote) quote = '';
    } else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === '{' || letter === '[') {
      open.push({ kind: letter, key: null });
      word = at + 1;
    } else if (letter === '}' || letter === ']') {
      open.pop();
      word = at + 1;
    } else if (letter === ',' && top) {
      top.key = null;
      word = at + 1;
    } else if (letter === ':' && top?.kind === '{' && top.key === null && /\s|$/.test(text[at + 1] ?? '')) {
      top.key = text.slice(word, at).trim();
      word = at + 1;
    } else if (letter === ' ' && text.slice(word, at).trim() === '') word = at + 1;
  }
  const nested = open.flatMap((level) => (level.kind === '[' ? ['[]'] : level.key === null ? [] : [level.key]));
  const top = open.at(-1);
  const isKey = top?.kind === '{' && top.key === null;
  return { path: [...path, ...nested], kind: isKey ? 'key' : 'value', from: from + word, typed: text.slice(word) };
}

/** The names defined in a section such as `nodes`. */
export function namesIn(text: string, section: string): string[] {
  const [from, to] = linesOf(text, section) ?? [0, 0];
  const lines = text.split('\n').slice(from + 1, to);
  const indent = lines.map((line) => /^(\s+)[^\s#]/.exec(line)?.[1]?.length).find((length) => length !== undefined);
  if (indent === undefined) return [];
  return lines.flatMap((line) => {
    const key = KEY.exec(line);
    return key && key[1]?.length === indent ? [key[4] ?? ''] : [];
  });
}

/** The plugin that a node names, if it names one. */
export function pluginOf(text: string, node: string): string | null {
  const [from, to] = linesOf(text, 'nodes') ?? [0, 0];
  const lines = text.split('\n').slice(from + 1, to);
  const at = lines.findIndex((line) => new RegExp(`^\\s+"?${escaped(node)}"?\\s*:`).test(line));
  if (at < 0) return null;
  const indent = /^\s*/.exec(lines[at] ?? '')?.[0].length ?? 0;
  const block = [lines[at] ?? ''];
  for (const line of lines.slice(at + 1)) {
    if (line.trim() !== '' && (/^\s*/.exec(line)?.[0].length ?? 0) <= indent) break;
    block.push(line);
  }
  return /\bplugin:\s*"?([\w./-]+)/.exec(block.join('\n'))?.[1] ?? null;
}

/** First line of a top-level section, and the line behind its last one. */
function linesOf(text: string, section: string): [number, number] | null {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => new RegExp(`^${escaped(section)}\\s*:`).test(line));
  if (from < 0) return null;
  let to = from + 1;
  for (let at = from + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (/^[^\s#]/.test(line)) break;
    if (/^\s+\S/.test(line)) to = at + 1;
  }
  return [from, to];
}

/** `block` (without indentation) at the end of a top-level section, or in a new one; `null` where the section is not written as a block. */
export function added(text: string, section: string, block: string): { text: string; line: number } | null {
  const lines = text.split('\n');
  const found = linesOf(text, section);
  if (!found) {
    const body = block.split('\n').map((line) => `  ${line}`);
    const head = text.trimEnd() === '' ? [] : [...text.trimEnd().split('\n'), ''];
    return { text: `${[...head, `${section}:`, ...body].join('\n')}\n`, line: head.length + 2 };
  }
  const [from, to] = found;
  if (!/:\s*(#.*)?$/.test(lines[from] ?? '')) return null;
  const indent = lines.slice(from + 1, to).map((line) => /^(\s+)[^\s#]/.exec(line)?.[1]).find((space) => space !== undefined) ?? '  ';
  lines.splice(to, 0, ...block.split('\n').map((line) => indent + line));
  return { text: lines.join('\n'), line: to + 1 };
}

/** The last part of a path; the server names files as they stand in the flow file. */
export function nameOfFile(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const PLAIN = /^[A-Za-z0-9_./-]+$/;
const NOT_TEXT = /^(true|false|null|yes|no|on|off|~|[-+.\d].*)$/i;

/** A value as YAML on one line. */
export function scalar(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scalar).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `{ ${Object.entries(value).map(([key, item]) => `${scalar(key)}: ${scalar(item)}`).join(', ')} }`;
  if (typeof value !== 'string') return String(value);
  const isDuration = /^\d+(\.\d+)?(ms|s|m|min|h)$/.test(value);
  return isDuration || (PLAIN.test(value) && !NOT_TEXT.test(value)) ? value : JSON.stringify(value);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
