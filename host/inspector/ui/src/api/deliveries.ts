// What becomes of alerts on their way to receivers, as the API says it.

import type { Alert } from './types';

export interface DeadLetter {
  adapter: string;
  sequence: number;
  reason: string;
  attempts: number;
  at: string;
  alert: Alert;
}

/** What became of a test alert. */
export interface TestAlert {
  outcome: 'delivered' | 'refused' | 'not_now' | 'unheard' | 'failed';
  said: string | null;
  camera: string;
  took_ms: number;
}
