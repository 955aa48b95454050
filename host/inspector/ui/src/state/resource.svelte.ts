// Something that is asked for: what is there, that it is on its way, or why it is not there.

export class Resource<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<Error | null>(null);
  loading = $state(false);
  #abort: AbortController | null = null;

  /** Asks; an earlier question that is still open is given up. What was there stays until the answer. */
  async load(question: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.loading = true;
    try {
      const data = await question(abort.signal);
      if (abort.signal.aborted) return null;
      this.data = data;
      this.error = null;
      return data;
    } catch (error) {
      if (!abort.signal.aborted) this.error = error as Error;
      return null;
    } finally {
      if (this.#abort === abort) this.loading = false;
    }
  }

  stop(): void {
    this.#abort?.abort();
    this.loading = false;
  }
}
