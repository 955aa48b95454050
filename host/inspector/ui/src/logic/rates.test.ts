import { describe, expect, it } from 'vitest';
import type { FlowStatus } from '../api/types';
import { RateWindow } from './rates';

function status(seconds: number, out: number, name = 'zoned'): FlowStatus {
  return {
    flow: 'demo', file: '', seconds,
    cameras: [{ name: 'field', health: 'live', reason: null, read: out * 3, sampled: out, inferred: out, dropped: {}, reconnects: 0 }],
    nodes: [{ name, role: 'filter', in: out, out, dropped: {}, waiting: 0, alerts: 0, failures: 0, quarantined: 0, p50_ms: 1, p99_ms: 1 }],
    reloads: { applied: 0, unchanged: 0, refused: 0, pending: null },
    journal: { lasts: true, waiting: 0, commits: 0, trouble: null },
    outboxes: [],
  };
}

describe('RateWindow', () => {
  it('has no rate before there are two seconds of them', () => {
    const rates = new RateWindow();
    expect(rates.node('zoned')).toBeNull();
    rates.push(status(1, 8));
    expect(rates.node('zoned')).toBeNull();
    expect(rates.seconds).toBe(0);
  });

  it('is about the last ten seconds', () => {
    const rates = new RateWindow();
    for (let second = 0; second <= 30; second += 0.5) {
      rates.push(status(second, second < 15 ? second * 100 : 1500 + (second - 15) * 8));
    }
    expect(rates.node('zoned')?.out).toBeCloseTo(8);
    expect(rates.camera('field')?.in).toBeCloseTo(24);
    expect(rates.seconds).toBeCloseTo(10);
  });

  it('begins anew when the flow was started anew', () => {
    const rates = new RateWindow();
    rates.push(status(100, 800));
    rates.push(status(101, 808));
    rates.push(status(1, 8));
    expect(rates.node('zoned')).toBeNull();
    rates.push(status(2, 16));
    expect(rates.node('zoned')).toBeNull();
    rates.push(status(3, 24));
    expect(rates.node('zoned')?.out).toBe(8);
  });

  it('counts what a reload added from nothing, and forgets what it removed', () => {
    const rates = new RateWindow();
    rates.push(status(1, 8, 'old'));
    rates.push(status(3, 16, 'new'));
    expect(rates.node('old')).toBeNull();
    expect(rates.node('new')?.out).toBe(8);
  });

  it('draws a spark line of at most a minute', () => {
    const rates = new RateWindow();
    for (let second = 0; second < 200; second += 0.5) rates.push(status(second, second * 8));
    expect(rates.spark('zoned')).toHaveLength(60);
    expect(rates.spark('zoned').at(-1)).toBeCloseTo(8);
  });
});
