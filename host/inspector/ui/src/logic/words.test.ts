import { describe, expect, it } from 'vitest';
import type { CameraHealth, FlowStatus } from '../api/types';
import { dropped, summary, worst } from './words';

function status(healths: CameraHealth[]): FlowStatus {
  return {
    flow: 'demo', file: '', seconds: 1,
    cameras: healths.map((health, index) => ({ name: `c${index}`, health, reason: null, read: 0, sampled: 0, inferred: 0, dropped: {}, reconnects: 0 })),
    nodes: [],
    reloads: { applied: 0, unchanged: 0, refused: 0, pending: null },
    journal: { lasts: true, waiting: 0, commits: 0, trouble: null },
    outboxes: [],
  };
}

const said = (healths: CameraHealth[], incidents: number | null): string =>
  summary(status(healths), incidents === null ? null : Array<{ severity: 'warning' }>(incidents).fill({ severity: 'warning' }), () => new Date(2026, 10, 23, 14, 2).getTime()).parts.map((part) => part.text).join(', ');

describe('summary', () => {
  it('is one line in words', () => {
    const words = said([...Array<CameraHealth>(12).fill('live'), 'lost'], 2);
    expect(words).toMatch(/^12 cameras live, 1 lost since .*14:02, 2 open incidents$/);
    expect(said(['live'], 0)).toBe('1 camera live, no open incidents');
    expect(said([], null)).toBe('no cameras');
  });

  it('does not say that all is well where nobody can tell', () => {
    expect(said(['live', 'lost'], 0)).toMatch(/, no open incidents on the others$/);
    expect(said(['lost', 'connecting'], 0)).toMatch(/, nobody can tell what goes on$/);
    expect(summary(status(['lost']), [], () => null).parts.at(-1)?.wellness).toBe('idle');
  });

  it('is as bad as the gravest incident', () => {
    const open = (severity: 'info' | 'warning' | 'critical') => summary(status(['live']), [{ severity: 'info' }, { severity }], () => null).parts.at(-1)?.wellness;
    expect([open('info'), open('warning'), open('critical')]).toEqual(['idle', 'warn', 'bad']);
  });

  it('says what else is wrong', () => {
    const flow = status(['live']);
    flow.reloads.pending = 'E012';
    flow.outboxes.push({ adapter: 'hook', waiting: 3, by_camera: {}, delivered: 0, dead_letters: 0, trouble: 'refused', tries_again_in_s: 3, quarantined: false });
    const { parts, wellness } = summary(flow, [], () => null);
    expect(parts.map((part) => part.text)).toContain('hook cannot deliver');
    expect(parts.map((part) => part.text)).toContain('the flow file is not what runs');
    expect(wellness).toBe('warn');
  });
});

it('knows the worst', () => {
  expect(worst(['ok', 'warn', 'ok'])).toBe('warn');
  expect(worst([])).toBe('idle');
});

it('says why frames were dropped', () => {
  expect(dropped({ superseded: 2, too_old: 0 })).toBe('superseded 2');
});
