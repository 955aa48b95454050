// Times as people read them, in the viewer's time zone.

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minuteFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const fullFormat = new Intl.DateTimeFormat(undefined, {
  year: 'numeric', month: 'short', day: 'numeric',
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZoneName: 'short',
});

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** `850 ms`, `4.2 s`, `3 min`, `2 h 5 min`, `3 d`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 0) return `−${duration(-seconds)}`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < MINUTE) return `${Math.round(seconds)} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return parts(seconds, HOUR, 'h', MINUTE, 'min');
  return parts(seconds, DAY, 'd', HOUR, 'h');
}

function parts(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const whole = Math.floor(seconds / large);
  const rest = Math.floor((seconds % large) / small);
  return rest === 0 ? `${whole} ${largeUnit}` : `${whole} ${largeUnit} ${rest} ${smallUnit}`;
}

/** How long ago, in whole units, so that it does not flicker: `now`, `12 s ago`, `3 min ago`. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - then) / 1000));
  if (seconds < 2) return 'now';
  if (seconds < MINUTE) return `${seconds} s ago`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ago`;
  return `${Math.floor(seconds / DAY)} d ago`;
}

/** `14:02:11`, with the day where it is not today's. */
export function clock(time: string | number | Date, now = Date.now()): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '–';
  return isSameDay(date, new Date(now)) ? clockFormat.format(date) : `${dayFormat.format(date)} ${clockFormat.format(date)}`;
}

/** `14:02`, with the day where it is not today's. */
export function minute(time: string | number | Date, now = Date.now()): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '–';
  return isSameDay(date, new Date(now)) ? minuteFormat.format(date) : `${dayFormat.format(date)} ${minuteFormat.format(date)}`;
}

/** All of it, with the time zone; for titles. */
export function full(time: string | number | Date): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '–' : fullFormat.format(date);
}

function isSameDay(one: Date, other: Date): boolean {
  return one.getFullYear() === other.getFullYear() && one.getMonth() === other.getMonth() && one.getDate() === other.getDate();
}
