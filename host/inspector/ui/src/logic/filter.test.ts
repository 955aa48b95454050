import { describe, expect, it } from 'vitest';
import { moment, parseFilter, suggestions, toQuery, withValue } from './filter';

describe('parseFilter', () => {
  it('reads words with keys', () => {
    const filter = parseFilter(' camera:gate  class:object since:1h');
    expect(filter.problems).toEqual([]);
    expect(filter.values).toEqual({ camera: 'gate', class: 'object', since: '1h' });
  });

  it('takes values with spaces in quotes', () => {
    expect(parseFilter('kind:"left luggage"').values).toEqual({ kind: 'left luggage' });
  });

  it('says what is wrong, and where', () => {
    const filter = parseFilter('camera:gate fox colour:red state:begun since:soon class:');
    expect(filter.values).toEqual({ camera: 'gate' });
    expect(filter.problems.map(({ from }) => from)).toEqual([12, 16, 27, 39, 50]);
    expect(filter.problems[0]?.message).toContain('class:fox');
    expect(filter.problems[1]?.message).toContain('no “colour:”');
    expect(filter.problems[2]?.message).toContain('open or ended');
  });

  it('counts the first of two', () => {
    const filter = parseFilter('class:a class:b');
    expect(filter.values.class).toBe('a');
    expect(filter.problems[0]?.message).toContain('twice');
  });
});

describe('times', () => {
  const now = Date.parse('2026-11-23T12:00:00Z');
  it('are spans back from now, times of today, or dates', () => {
    expect(moment('90s', now)).toBe(now - 90_000);
    expect(moment('15min', now)).toBe(now - 900_000);
    expect(moment('2026-11-23T11:30:00Z', now)).toBe(now - 1_800_000);
    expect(new Date(moment('9:05', now) ?? 0).getMinutes()).toBe(5);
    expect(moment('25:00', now)).toBeNull();
    expect(moment('soon', now)).toBeNull();
  });

  it('go to the server as instants', () => {
    expect(toQuery(parseFilter('zone:yard since:1h'), now)).toEqual({ zone: 'yard', since: '2026-11-23T11:00:00.000Z' });
  });

});

describe('what is clicked', () => {
  it('is a word of the text', () => {
    expect(withValue('', 'camera', 'gate')).toBe('camera:gate ');
    expect(withValue('class:object camera:gate since:1h', 'camera', 'yard')).toBe('class:object since:1h camera:yard ');
    expect(withValue('kind:"left luggage" state:open', 'kind', null)).toBe('state:open ');
    expect(withValue('', 'class', 'traffic light')).toBe('class:"traffic light" ');
    expect(withValue('state:open', 'state', null)).toBe('');
  });

  it('asks for what goes on', () => {
    expect(toQuery(parseFilter('state:open'), 0)).toEqual({ open: 'true' });
    expect(toQuery(parseFilter('state:ended severity:warning'), 0)).toEqual({ open: 'false', severity: 'warning' });
  });
});

describe('suggestions', () => {
  it('are keys, then values', () => {
    expect(suggestions('ca', 2, {})).toEqual({ from: 0, options: ['camera:'] });
    expect(suggestions('zone:yard camera:g', 18, { camera: ['gate', 'field'] })).toEqual({ from: 10, options: ['camera:gate'] });
    expect(suggestions('', 0, {}).options).toContain('since:');
  });
});
