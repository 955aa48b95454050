// The model that is to look at a camera: one that the flow has, one that lies around, one that is sent.

import type { ModelFile, ModelFiles, ReceivedModel } from '../../api/additions';
import { flowPath, get, send } from '../../api/client';
import { Resource } from '../../state/resource.svelte';

/** The server takes no larger one. */
export const LARGEST_BYTES = 512 * 2 ** 20;
/** What is picked where the model is written as a path. */
export const ELSEWHERE = '\u0000';

export class ModelPick {
  /** The name of a model of the flow, the path of a file, `ELSEWHERE`, or nothing. */
  picked = $state('');
  /** Where it is, with `ELSEWHERE`. */
  path = $state('');
  readonly files = new Resource<ModelFiles>();
  /** How much of a file has gone, while it is being sent. */
  sending = $state.raw<{ name: string; sent: number; bytes: number } | null>(null);
  /** Why it could not be sent. */
  error = $state.raw<Error | null>(null);
  received = $state.raw<ReceivedModel | null>(null);
  #abort: AbortController | null = null;

  /** As the server is told. */
  readonly model = $derived(this.picked === ELSEWHERE ? this.path.trim() : this.picked);
  /** Nothing looks at all cameras. */
  readonly isNeeded = $derived(this.files.data?.is_needed !== false);

  constructor(readonly flow: string) {}

  /** The nearest model that was put there by somebody is picked, if none is yet. */
  async load(known: readonly string[]): Promise<void> {
    const found = await this.files.load((signal) => get<ModelFiles>(flowPath(this.flow, 'model-files'), { signal }));
    if (this.picked === '') this.picked = known[0] ?? found?.items.find((file) => !file.is_shipped)?.path ?? '';
  }

  /** The file that was picked, if it is no model of the flow yet. */
  file(): ModelFile | null {
    return this.files.data?.items.find((file) => file.path === this.picked) ?? null;
  }

  async send(file: File): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    [this.#abort, this.error, this.received] = [abort, null, null];
    if (file.size > LARGEST_BYTES) {
      this.error = new Error(`${file.name} is too large: a model may have 512 MB.`);
      return;
    }
    this.sending = { name: file.name, sent: 0, bytes: file.size };
    try {
      const onSent = (sent: number): void => {
        this.sending = { name: file.name, sent, bytes: file.size };
      };
      const received = await send<ReceivedModel>(flowPath(this.flow, 'model-files'), file, { name: file.name }, onSent, abort.signal);
      this.received = received;
      await this.load([]);
      this.picked = received.path;
    } catch (error) {
      if (this.#abort === abort && !abort.signal.aborted) this.error = error as Error;
    } finally {
      if (this.#abort === abort) this.sending = null;
    }
  }

  stop(): void {
    this.#abort?.abort();
    this.sending = null;
  }
}
