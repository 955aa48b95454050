// A rule that is being picked: what it would do, before it does it.

import type { Addition } from '../../api/additions';
import { ApiError, ask, flowPath } from '../../api/client';
import type { Report } from '../../api/types';
import { type DiffLine, lineDiff } from '../../logic/line-diff';

/** After the last change the plan is asked for so much later. */
const REST_MS = 250;

export interface Rule {
  camera: string;
  zone: string;
  classes: string[];
  after: string;
  severity: string;
}

export class NewRule {
  plan = $state.raw<{ report: Report; lines: DiffLine[] } | null>(null);
  error = $state.raw<Error | null>(null);
  isPlanning = $state(false);
  applied = $state.raw<Report | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  constructor(readonly flow: string) {}

  /** Asks what the rule would do; nothing for a rule that is not complete. */
  replan(rule: Rule | null): void {
    this.stop();
    if (rule === null) {
      [this.plan, this.error, this.isPlanning] = [null, null, false];
      return;
    }
    this.isPlanning = true;
    this.#timer = setTimeout(() => void this.#ask(rule), REST_MS);
  }

  /** Writes what was planned, if the file is still what it was. */
  async apply(rule: Rule): Promise<void> {
    try {
      const { etag } = await ask<string>('GET', flowPath(this.flow, 'file'));
      const { data } = await ask<Addition>('POST', flowPath(this.flow, 'rules'), { ifMatch: etag, json: rule });
      this.applied = data.report;
      this.error = null;
    } catch (error) {
      this.error = error as Error;
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  async #ask(rule: Rule): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const { data: text, etag } = await ask<string>('GET', flowPath(this.flow, 'file'), { signal: abort.signal });
      const { data } = await ask<Addition>('POST', flowPath(this.flow, 'rules'), { query: { plan: true }, ifMatch: etag, json: rule, signal: abort.signal });
      this.plan = { report: data.report, lines: lineDiff(text, data.text) };
      this.error = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      [this.plan, this.error] = [null, error as Error];
    } finally {
      if (this.#abort === abort) this.isPlanning = false;
    }
  }
}

/** What is wrong with the flow, where that is why something was refused. */
export function problemsOf(error: Error | null): ApiError['problems'] {
  return error instanceof ApiError ? error.problems : [];
}
