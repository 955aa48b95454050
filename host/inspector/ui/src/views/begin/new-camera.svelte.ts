// A camera that is being added: its address, what came of trying it, and adding it.

import type { Addition, CameraAddress, CameraTrial } from '../../api/additions';
import { ApiError, ask, flowPath } from '../../api/client';
import { ModelPick } from './model-pick.svelte';

export const USUAL_FPS = '5';

export class NewCamera {
  url = $state('');
  user = $state('');
  password = $state('');
  name = $state('');
  fps = $state(USUAL_FPS);
  /** The camera whose login is used where none is given; none for one without. */
  loginOf = $state<string | null>(null);
  trial = $state.raw<CameraTrial | null>(null);
  isTrying = $state(false);
  /** It is added without a picture. */
  skipsTrial = $state(false);
  error = $state.raw<Error | null>(null);
  readonly pick: ModelPick;
  /** What was sent when it was refused: what is wrong with it is said until it is changed. */
  #refused = $state.raw<Record<string, string> | null>(null);

  /** What was tried is what stands in the form. */
  #tried = $state('');
  readonly #now = $derived(JSON.stringify([this.url, this.user, this.password, this.loginOf]));
  readonly isTried = $derived(this.trial !== null && this.#tried === this.#now);
  readonly hasPicture = $derived(this.isTried && this.trial?.picture != null);
  readonly canAdd = $derived(this.hasPicture || this.skipsTrial);

  constructor(readonly flow: string) {
    this.pick = new ModelPick(flow);
  }

  /** What the server said against a field, until that is another. */
  flaw(field: 'url' | 'name' | 'model'): string | null {
    const { error } = this;
    const isAbout = error instanceof ApiError && error.field === field;
    return isAbout && this.#refused?.[field] === this.#fields()[field] ? error.message : null;
  }

  /** What the server said that belongs to no field. */
  readonly others = $derived(this.error instanceof ApiError && ['url', 'name', 'model'].includes(this.error.field ?? '') ? null : this.error);

  #fields(): Record<string, string> {
    return { url: this.#now, name: this.name, model: this.pick.model };
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
        ...(this.pick.isNeeded && this.pick.model !== '' ? { model: this.pick.model } : {}),
      };
      await ask<Addition>('POST', flowPath(this.flow, 'cameras'), { ifMatch: etag, json: camera });
      this.error = null;
      return true;
    } catch (error) {
      this.#refused = this.#fields();
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
      this.#refused = this.#fields();
      this.error = error as Error;
      return false;
    }
  }

  #address(): CameraAddress {
    return {
      url: this.url.trim(),
      ...(this.user === '' ? {} : { user: this.user }),
      ...(this.password === '' ? {} : { password: this.password }),
      ...(this.loginOf !== null && this.user === '' && this.password === '' ? { login_of: this.loginOf } : {}),
    };
  }
}
