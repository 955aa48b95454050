import { expect, it } from 'vitest';
import type { TestAlert } from '../api/deliveries';
import { testWords } from './test-alert';

const test = (outcome: TestAlert['outcome'], said: string | null = null): TestAlert => ({ outcome, said, camera: 'gate', took_ms: 12.34 });

it('says whether alerts arrive, and why not', () => {
  const arrived = testWords(test('delivered'));
  expect([arrived.wellness, arrived.word]).toEqual(['ok', 'Arrived after 12 ms']);
  expect(testWords(test('refused', 'the receiver answered 404')).more).toBe('The receiver answered 404. Alerts would be refused as well.');
  expect(testWords(test('not_now', 'connection refused.')).more).toBe('Connection refused. An alert would be tried again; a test is not.');
  expect(testWords(test('failed')).more).toBe('');
});
