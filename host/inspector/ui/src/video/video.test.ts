import { describe, expect, it } from 'vitest';
import { PresentationClock } from './clock';
import { MOST_PICTURES, MOST_SEEN, MOST_UNITS, PictureQueue, SeenQueue, UnitQueue } from './queues';
import { readUnit, type AccessUnit } from './unit';

const unit = (pts_us: number, isKey = false): AccessUnit => ({ isKey, pts_us, data: new Uint8Array(1) });
const seen = (pts_us: number) => ({ pts_us, frame: 0, ts: '', node: 'zoned', detections: [] });

class FakePicture {
  static open = 0;
  constructor(readonly timestamp: number) {
    FakePicture.open += 1;
  }
  close(): void {
    FakePicture.open -= 1;
  }
}

describe('readUnit', () => {
  it('reads flags, time and unit', () => {
    const message = new ArrayBuffer(12);
    const view = new DataView(message);
    view.setUint8(0, 1);
    view.setBigInt64(1, -40_000n);
    view.setUint8(11, 7);
    expect(readUnit(message)).toEqual({ isKey: true, pts_us: -40_000, data: new Uint8Array([0, 0, 7]) });
  });

  it('refuses what holds no unit', () => {
    expect(readUnit(new ArrayBuffer(9))).toBeNull();
  });
});

describe('UnitQueue', () => {
  it('begins with a key frame', () => {
    const queue = new UnitQueue();
    queue.push(unit(0));
    queue.push(unit(40, true));
    expect(queue.length).toBe(1);
    expect(queue.leftOut).toBe(1);
  });

  it('when it is full, goes on at the next key frame', () => {
    const queue = new UnitQueue();
    queue.push(unit(0, true));
    for (let at = 1; at <= MOST_UNITS; at += 1) queue.push(unit(at));
    expect(queue.length).toBe(0);
    expect(queue.leftOut).toBe(MOST_UNITS + 1);
    queue.push(unit(1000, true));
    expect(queue.take(2000)?.pts_us).toBe(1000);
  });

  it('gives only what is due', () => {
    const queue = new UnitQueue();
    queue.push(unit(100, true));
    expect(queue.take(99)).toBeNull();
    expect(queue.take(100)?.pts_us).toBe(100);
  });
});

describe('PictureQueue', () => {
  it('gives the latest that is due and closes the ones before', () => {
    FakePicture.open = 0;
    const queue = new PictureQueue<FakePicture>();
    for (const at of [0, 80, 40, 120]) queue.push(new FakePicture(at));
    const due = queue.take(90);
    expect(due?.timestamp).toBe(80);
    expect(FakePicture.open).toBe(2);
    due?.close();
    queue.clear();
    expect(FakePicture.open).toBe(0);
  });

  it('holds no more than a few', () => {
    FakePicture.open = 0;
    const queue = new PictureQueue<FakePicture>();
    for (let at = 0; at < 50; at += 1) queue.push(new FakePicture(at));
    expect(FakePicture.open).toBe(MOST_PICTURES);
    expect(queue.hasRoom).toBe(false);
    expect(queue.leftOut).toBe(50 - MOST_PICTURES);
  });
});

describe('SeenQueue', () => {
  it('knows what the last look saw, as long as that is fresh', () => {
    const queue = new SeenQueue();
    for (const at of [0, 125_000, 250_000]) queue.push(seen(at));
    expect(queue.at(200_000)?.pts_us).toBe(125_000);
    expect(queue.at(-1)).toBeNull();
    expect(queue.at(9_000_000)).toBeNull();
    expect(queue.before(250_000, 130_000)).toHaveLength(2);
  });

  it('is bounded, and forgets a stream that began anew', () => {
    const queue = new SeenQueue();
    for (let at = 0; at < 200; at += 1) queue.push(seen(10_000_000 + at * 125_000));
    expect(queue.before(1e12, 1e12)).toHaveLength(MOST_SEEN);
    queue.push(seen(0));
    expect(queue.before(1e12, 1e12)).toHaveLength(1);
  });
});

describe('PresentationClock', () => {
  it('shows a frame a little after it came', () => {
    const clock = new PresentationClock();
    expect(clock.now_us(0)).toBeNull();
    clock.arrived(1_000_000, 5000);
    expect(clock.now_us(5150)).toBeCloseTo(1_000_000);
  });

  it('waits for what was seen in it, but not for ever', () => {
    const clock = new PresentationClock();
    clock.arrived(0, 0);
    clock.known(0, 400);
    expect(clock.delay_ms).toBe(440);
    clock.known(0, 60_000);
    expect(clock.delay_ms).toBe(1500);
    for (let now = 0; now < 120_000; now += 100) clock.now_us(now);
    expect(clock.delay_ms).toBe(150);
  });

  it('notices when the stream’s time jumps', () => {
    const clock = new PresentationClock();
    clock.arrived(0, 0);
    expect(clock.arrived(40_000, 41)).toBe(false);
    expect(clock.arrived(3_600_000_000, 80)).toBe(true);
    expect(clock.now_us(230)).toBeCloseTo(3_600_000_000);
  });
});
