// A change of the flow file that the server makes: what it would do is asked for while it is thought
// of, and it is made against the very text that was seen.

import type { Addition } from '../api/additions';
import { ApiError, ask, flowPath } from '../api/client';
import type { FlowProblem, Report } from '../api/types';
import { type DiffLine, lineDiff } from '../logic/line-diff';

/** After the last change the plan is asked for so much later. */
const REST_MS = 250;
/** The answer when the file is another one than was seen. */
const STALE = 412;

export class PlannedChange {
  plan = $state.raw<{ report: Report; lines: DiffLine[] } | null>(null);
  error = $state.raw<Error | null>(null);
  isPlanning = $state(false);
  applied = $state.raw<Report | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  /** Of the text that the plan is about. */
  #seen: string | null = null;

  readonly canApply = $derived(this.plan !== null && !this.isPlanning && this.plan.report.result === 'planned');
  /** What is wrong with the flow, where that is why it was refused. */
  readonly problems = $derived<readonly FlowProblem[]>(this.error instanceof ApiError ? this.error.problems : []);

  constructor(
    readonly flow: string,
    readonly method: 'POST' | 'PATCH' | 'DELETE',
    readonly path: string,
  ) {}

  /** Asks what this would do; `null` for what is not complete. */
  think(body: unknown): void {
    // What was done is done, also while the cameras are listed anew.
    if (this.applied !== null && this.applied.result !== 'refused') return;
    this.stop();
    if (body === null) {
      [this.plan, this.error, this.isPlanning] = [null, null, false];
      return;
    }
    this.isPlanning = true;
    this.#timer = setTimeout(() => void this.#ask(body), REST_MS);
  }

  async apply(body: unknown): Promise<void> {
    try {
      const { data } = await ask<Addition>(this.method, this.path, { ifMatch: this.#seen, json: body });
      this.applied = data.report;
      this.error = null;
    } catch (error) {
      // Somebody else was faster: what it would do now is shown, and asked for again.
      if (error instanceof ApiError && error.status === STALE) await this.#ask(body);
      this.error ??= error as Error;
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  async #ask(body: unknown): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const { signal } = abort;
    try {
      const { data: text, etag } = await ask<string>('GET', flowPath(this.flow, 'file'), { signal });
      const { data } = await ask<Addition>(this.method, this.path, { query: { plan: true }, ifMatch: etag, json: body, signal });
      this.plan = { report: data.report, lines: lineDiff(text, data.text) };
      this.#seen = etag;
      this.error = null;
    } catch (error) {
      if (signal.aborted) return;
      [this.plan, this.error] = [null, error as Error];
    } finally {
      if (this.#abort === abort) this.isPlanning = false;
    }
  }
}
