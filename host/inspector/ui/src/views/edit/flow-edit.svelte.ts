// The flow file while it is edited: what is on the server, what stands here, and what applying it would do.

import { ApiError, ask, flowPath } from '../../api/client';
import type { FlowProblem, Report } from '../../api/types';

/** After the last keystroke the plan is asked for so much later. */
const REST_MS = 400;

export class FlowEdit {
  text = $state('');
  saved = $state('');
  isLoaded = $state(false);
  error = $state.raw<Error | null>(null);
  /** What applying would do, and for which text. */
  plan = $state.raw<Report | null>(null);
  planError = $state.raw<Error | null>(null);
  isPlanning = $state(false);
  applied = $state.raw<Report | null>(null);
  isConflict = $state(false);

  #etag: string | null = null;
  #isApplying = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  readonly isDirty = $derived(this.isLoaded && this.text !== this.saved);
  readonly problems = $derived<readonly FlowProblem[]>(this.plan?.problems ?? []);

  constructor(
    readonly flow: string,
    readonly mayPlan: () => boolean,
    /** Whether the file on the disk is not what runs. */
    readonly isPending: () => boolean,
  ) {}

  /** Reads the file. What was changed here stays, unless `discard`. */
  async load(discard = false): Promise<void> {
    try {
      const { data, etag } = await ask<string>('GET', flowPath(this.flow, 'file'));
      // What is being written here may be there already, and is nobody else's.
      if (this.#isApplying && !discard) return;
      if (!this.isDirty || discard || data === this.text) {
        this.text = data;
        this.#etag = etag;
      } else if (etag !== this.#etag) this.isConflict = true;
      this.saved = data;
      this.isLoaded = true;
      if (discard) [this.isConflict, this.applied] = [false, null];
      this.error = null;
      this.#replan(0);
    } catch (error) {
      this.error = error as Error;
    }
  }

  change(text: string): void {
    if (text === this.text) return;
    this.text = text;
    this.applied = null;
    this.#replan(REST_MS);
  }

  /** What somebody else wrote is overwritten by what stands here. */
  async overwrite(): Promise<void> {
    const { etag } = await ask<string>('GET', flowPath(this.flow, 'file'));
    this.#etag = etag;
    this.isConflict = false;
    await this.apply();
  }

  async apply(): Promise<void> {
    const text = this.text;
    this.#isApplying = true;
    try {
      const { data, etag } = await ask<Report>('PUT', flowPath(this.flow, 'file'), { ifMatch: this.#etag, yaml: text });
      this.applied = data;
      this.error = null;
      if (data.result === 'refused') {
        this.plan = data;
        return;
      }
      this.saved = text;
      this.#etag = etag ?? (await ask<string>('GET', flowPath(this.flow, 'file'))).etag;
      this.#replan(0);
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) this.isConflict = true;
      else this.error = error as Error;
    } finally {
      this.#isApplying = false;
    }
  }

  async restore(version: number): Promise<void> {
    try {
      const { data } = await ask<Report>('POST', flowPath(this.flow, 'versions', version, 'restore'), { ifMatch: this.#etag });
      await this.load(true);
      this.applied = data;
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) this.isConflict = true;
      else this.error = error as Error;
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #replan(after_ms: number): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    if (!this.mayPlan() || (!this.isDirty && !this.isPending())) {
      [this.plan, this.isPlanning] = [null, false];
      return;
    }
    this.isPlanning = true;
    this.#timer = setTimeout(() => void this.#ask(), after_ms);
  }

  async #ask(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const { data } = await ask<Report>('POST', flowPath(this.flow, 'plan'), { yaml: this.text, signal: abort.signal });
      this.plan = data;
      this.planError = null;
    } catch (error) {
      if (!abort.signal.aborted) this.planError = error as Error;
    } finally {
      if (this.#abort === abort) this.isPlanning = false;
    }
  }
}
