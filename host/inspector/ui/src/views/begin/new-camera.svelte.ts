// A camera that is being added: its address, what came of trying it, and adding it.

import type { Addition, CameraAddress, CameraTrial, ModelFile, ModelFiles } from '../../api/additions';
import { ask, flowPath, get } from '../../api/client';
import { Resource } from '../../state/resource.svelte';

export const USUAL_FPS = '5';

export class NewCamera {
  url = $state('');
  user = $state('');
  password = $state('');
  name = $state('');
  fps = $state(USUAL_FPS);
  /** The name of a model of the flow, or the path of a file. */
  model = $state('');
  trial = $state.raw<CameraTrial | null>(null);
  isTrying = $state(false);
  /** It is added without a picture. */
  skipsTrial = $state(false);
  error = $state.raw<Error | null>(null);
  readonly files = new Resource<ModelFiles>();

  /** What was tried is what stands in the form. */
  #tried = $state('');
  readonly #now = $derived(JSON.stringify([this.url, this.user, this.password]));
  readonly isTried = $derived(this.trial !== null && this.#tried === this.#now);
  readonly hasPicture = $derived(this.isTried && this.trial?.picture != null);
  readonly canAdd = $derived(this.hasPicture || this.skipsTrial);

  constructor(readonly flow: string) {}

  async loadModels(known: readonly string[]): Promise<void> {
    const found = await this.files.load((signal) => get<ModelFiles>(flowPath(this.flow, 'model-files'), { signal }));
    if (this.model === '') this.model = known[0] ?? found?.items[0]?.path ?? '';
  }

  /** The file that was chosen, if it is no model of the flow yet. */
  file(): ModelFile | null {
    return this.files.data?.items.find((file) => file.path === this.model) ?? null;
  }

  async tryIt(): Promise<void> {
    const tried = this.#now;
    this.isTrying = true;
    this.skipsTrial = false;
    try {
      const { data } = await ask<CameraTrial>('POST', flowPath(this.flow, 'camera-trials'), { json: this.#address() });
      [this.trial, this.#tried, this.error] = [data, tried, null];
    } catch (error) {
      this.error = error as Error;
    } finally {
      this.isTrying = false;
    }
  }

  /** Whether it is in the flow now. */
  async add(): Promise<boolean> {
    try {
      const { etag } = await ask<string>('GET', flowPath(this.flow, 'file'));
      const camera = {
        name: this.name,
        address: this.#address(),
        ...(this.fps.trim() !== '' && this.fps !== USUAL_FPS ? { fps: Number(this.fps.replace(',', '.')) } : {}),
        ...(this.files.data?.is_needed !== false && this.model !== '' ? { model: this.model } : {}),
      };
      await ask<Addition>('POST', flowPath(this.flow, 'cameras'), { ifMatch: etag, json: camera });
      this.error = null;
      return true;
    } catch (error) {
      this.error = error as Error;
      return false;
    }
  }

  /** Whether `name` is at this address now. */
  async move(name: string): Promise<boolean> {
    try {
      const { etag } = await ask<string>('GET', flowPath(this.flow, 'file'));
      await ask<Addition>('PUT', flowPath(this.flow, 'cameras', name, 'address'), { ifMatch: etag, json: this.#address() });
      this.error = null;
      return true;
    } catch (error) {
      this.error = error as Error;
      return false;
    }
  }

  #address(): CameraAddress {
    return {
      url: this.url.trim(),
      ...(this.user === '' ? {} : { user: this.user }),
      ...(this.password === '' ? {} : { password: this.password }),
    };
  }
}
