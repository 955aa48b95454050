// Who looks, and what they may do.

import { ask, get, useCsrf, whenLoggedOut } from '../api/client';
import type { Role, Session } from '../api/types';

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

class SessionState {
  #session = $state.raw<Session | null>(null);
  error = $state.raw<Error | null>(null);

  readonly known = $derived(this.#session !== null);
  readonly user = $derived(this.#session?.user ?? null);
  readonly role = $derived(this.#session?.role ?? null);
  readonly version = $derived(this.#session?.version ?? '');
  readonly loginRequired = $derived(this.#session?.login_required ?? false);
  readonly mustLogIn = $derived(this.#session !== null && this.#session.role === null);

  constructor() {
    whenLoggedOut(() => {
      if (this.#session?.role) this.#set({ ...this.#session, user: null, role: null });
    });
  }

  may(role: Role): boolean {
    return this.role !== null && RANK[this.role] >= RANK[role];
  }

  /** Why it may not, for a title, or `undefined` if it may. */
  whyNot(role: Role): string | undefined {
    return this.may(role) ? undefined : `This needs the role ${role}; you are ${this.role ?? 'not logged in'}.`;
  }

  async load(): Promise<void> {
    try {
      this.#set(await get<Session>('/session'));
      this.error = null;
    } catch (error) {
      this.error = error as Error;
    }
  }

  async logIn(token: string): Promise<void> {
    this.#set((await ask<Session>('POST', '/session', { json: { token } })).data);
  }

  async logOut(): Promise<void> {
    await ask('DELETE', '/session');
    await this.load();
  }

  #set(session: Session): void {
    useCsrf(session.csrf);
    this.#session = session;
  }
}

export const session = new SessionState();
