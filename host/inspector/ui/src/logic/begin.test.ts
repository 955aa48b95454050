import { expect, test } from 'vitest';
import { anyOf, asName, choices, flawOfName, freeName, meantAddress, nextStep, steps } from './begin';

test('the next step is the first that is not done', () => {
  const next = (cameras: number, zones: number, rules: number, hasAlert = false, looked = cameras): string | undefined => nextStep(steps({ cameras, looked, zones, rules, hasAlert }))?.name;
  expect([next(0, 0, 0), next(1, 0, 0), next(1, 1, 0), next(1, 1, 1), next(1, 1, 1, true)]).toEqual(['camera', 'zone', 'rule', 'alert', undefined]);
  // A camera may have no model at first.
  expect(next(1, 0, 0, false, 0)).toBe('model');
  // A rule about all of the picture needs no zone.
  expect(next(1, 0, 1)).toBe('alert');
});

test('a name is free, or numbered', () => {
  expect([freeName('camera', []), freeName('camera', ['camera']), freeName('camera', ['camera', 'camera-2'])]).toEqual(['camera', 'camera-2', 'camera-3']);
  expect(flawOfName('the gate', [])).toContain('letters');
  expect(flawOfName('gate', ['gate'])).toContain('already');
  expect(flawOfName('gate', [])).toBeNull();
});

test('classes are said as a sentence', () => {
  expect([anyOf([]), anyOf(['van']), anyOf(['object', 'van']), anyOf(['a', 'b', 'c'])]).toEqual(['something', 'a van', 'an object or a van', 'an a, a b or a c']);
});

test('an address without rtsp:// is meant as one', () => {
  expect(['10.0.0.5:554/a', 'camera.lan', 'localhost:8554/x', 'clips/gate.mp4', '10.mp4', 'rtsp://a/b'].map(meantAddress)).toEqual(['rtsp://10.0.0.5:554/a', 'rtsp://camera.lan', 'rtsp://localhost:8554/x', null, null, null]);
});

test('what was typed becomes a name', () => {
  expect(['Back gate', '  Tor 3 (Süd) ', 'yard', '???'].map(asName)).toEqual(['back-gate', 'tor-3-sud', 'yard', '']);
});

test('what is said is among the choices', () => {
  const known = [{ value: '1s', says: 'one second' }];
  expect([choices(known, '1s'), choices(known, '700ms').map(({ says }) => says)]).toEqual([known, ['700ms', 'one second']]);
});
