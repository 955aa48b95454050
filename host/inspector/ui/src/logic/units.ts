// Numbers with their units, in a form that does not jump as they change.

const grouped = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });

/** `12 345`, or `1.2 M` where nobody reads every digit. */
export function count(value: number): string {
  if (value >= 10_000_000) return `${(value / 1_000_000).toFixed(1)} M`;
  return grouped.format(value);
}

/** A rate, without its unit: `0`, `0.04`, `8.0`, `312`. */
export function perSecond(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  if (value < 0.1) return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : count(Math.round(value));
}

/** `0.045 ms`, `37 ms`, `1.2 s`. */
export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 10) return `${value.toFixed(0)} ms`;
  if (value >= 0.1) return `${value.toFixed(1)} ms`;
  if (value >= 0.001) return `${(value * 1000).toFixed(0)} µs`;
  return value === 0 ? '0 ms' : '< 1 µs';
}

/** `64 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let rest = value;
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${rest < 10 && unit > 0 ? rest.toFixed(1) : Math.round(rest)} ${units[unit]}`;
}

/** `42 %`. */
export function percent(fraction: number, digits = 0): string {
  return `${(fraction * 100).toFixed(digits)} %`;
}

/** `1 camera`, `12 cameras`. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}
