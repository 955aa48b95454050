// The filter of incidents as it is typed or clicked: `camera:gate class:object since:1h`.

export const KEYS = ['camera', 'kind', 'class', 'zone', 'severity', 'state', 'since', 'until'] as const;
export type FilterKey = (typeof KEYS)[number];

export const SEVERITIES = ['critical', 'warning', 'info'];
export const STATES = ['open', 'ended'];

export interface FilterProblem {
  /** Where in the text, and how much of it. */
  from: number;
  to: number;
  message: string;
}

export interface Filter {
  values: Partial<Record<FilterKey, string>>;
  problems: FilterProblem[];
}

interface Word {
  text: string;
  from: number;
  to: number;
}

export function parseFilter(text: string): Filter {
  const filter: Filter = { values: {}, problems: [] };
  for (const word of words(text)) {
    const colon = word.text.indexOf(':');
    const key = word.text.slice(0, Math.max(0, colon)).toLowerCase();
    const value = unquoted(word.text.slice(colon + 1));
    const message = flawOf(key, value, colon, word.text, filter);
    if (message !== null) filter.problems.push({ from: word.from, to: word.to, message });
    else filter.values[key as FilterKey] = value;
  }
  return filter;
}

function flawOf(key: string, value: string, colon: number, word: string, filter: Filter): string | null {
  if (colon < 0) return `“${word}” needs to say of what: for example camera:${word} or class:${word}.`;
  if (!isKey(key)) return `There is no “${key}:”. There are ${KEYS.map((name) => `${name}:`).join(' ')}`;
  if (value === '') return `“${key}:” waits for a value.`;
  if (filter.values[key] !== undefined) return `“${key}:” is there twice; the first one counts.`;
  if (key === 'severity' && !SEVERITIES.includes(value)) return `A severity is ${SEVERITIES.join(', ')}.`;
  if (key === 'state' && !STATES.includes(value)) return `A state is ${STATES.join(' or ')}.`;
  if ((key === 'since' || key === 'until') && moment(value, 0) === null) {
    return `“${value}” is no time. Write 15m, 1h or 2d, a time of today as 14:30, a day as 2026-11-23, or both as 2026-11-23T14:30.`;
  }
  return null;
}

function isKey(key: string): key is FilterKey {
  return (KEYS as readonly string[]).includes(key);
}

function words(text: string): Word[] {
  return [...text.matchAll(/(?:[^\s":]+:)?"[^"]*"?|\S+/g)].map((found) => ({
    text: found[0],
    from: found.index,
    to: found.index + found[0].length,
  }));
}

function unquoted(value: string): string {
  return value.replace(/^"|"$/g, '');
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** The time that is meant, in milliseconds since 1970, or `null`. `1h` is an hour before `now`. */
export function moment(value: string, now: number): number | null {
  const back = /^(\d+(?:\.\d+)?)\s*(s|min|m|h|d)$/.exec(value);
  if (back) return now - Number(back[1]) * (UNITS[back[2] ?? ''] ?? 0);
  const today = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(value);
  if (today) {
    const [hour, minute, second] = [Number(today[1]), Number(today[2]), Number(today[3] ?? 0)];
    return hour < 24 && minute < 60 && second < 60 ? new Date(now).setHours(hour, minute, second, 0) : null;
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(value)) return null;
  const time = Date.parse(value.length === 10 ? `${value}T00:00` : value);
  return Number.isNaN(time) ? null : time;
}

/** What is asked of the server. */
export function toQuery(filter: Filter, now: number): Record<string, string> {
  const query: Record<string, string> = {};
  for (const key of KEYS) {
    const value = filter.values[key];
    if (value === undefined) continue;
    const time = key === 'since' || key === 'until' ? moment(value, now) : null;
    if (key === 'state') query.open = String(value === 'open');
    else query[key] = time === null ? value : new Date(time).toISOString();
  }
  return query;
}

/** The text with another value for `key`; without one, it asks for any. */
export function withValue(text: string, key: FilterKey, value: string | null): string {
  const others = words(text).filter((word) => !word.text.toLowerCase().startsWith(`${key}:`)).map((word) => word.text);
  if (value !== null) others.push(`${key}:${/\s/.test(value) ? `"${value}"` : value}`);
  return others.length === 0 ? '' : `${others.join(' ')} `;
}

/** What could stand where the cursor is: keys, or values of the key before it. */
export function suggestions(text: string, cursor: number, known: Partial<Record<FilterKey, readonly string[]>>): { from: number; options: string[] } {
  const before = text.slice(0, cursor);
  const from = before.search(/\S+$/);
  const word = from < 0 ? '' : before.slice(from);
  const colon = word.indexOf(':');
  if (colon < 0) {
    return { from: from < 0 ? cursor : from, options: KEYS.filter((key) => key.startsWith(word.toLowerCase())).map((key) => `${key}:`) };
  }
  const key = word.slice(0, colon);
  const typed = word.slice(colon + 1).toLowerCase();
  const fixed: Partial<Record<FilterKey, readonly string[]>> = { severity: SEVERITIES, state: STATES, since: ['15m', '1h', '1d'], until: ['15m', '1h', '1d'] };
  const values = isKey(key) ? (known[key] ?? fixed[key] ?? []) : [];
  return { from, options: values.filter((value) => value.toLowerCase().startsWith(typed) && value.toLowerCase() !== typed).map((value) => `${key}:${value}`) };
}
