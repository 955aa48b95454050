// A WebSocket that is kept open for as long as somebody looks: it comes back after a loss, more
// slowly each time, and is closed while the page is hidden.

import { isLoggedOut } from './client';

/** The code with which the server closes what somebody may not look at any more. */
const NOT_ALLOWED = 4401;

export type LinkState = 'connecting' | 'open' | 'waiting' | 'paused' | 'closed';

export interface LinkHandler {
  onText?(message: string): void;
  onBinary?(message: ArrayBuffer): void;
  onState?(state: LinkState): void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** A connection that held for so long starts the waits anew. */
const HELD_MS = 5_000;

/** How long to wait before attempt `attempt` (from 0), with `chance` in 0..1 so that pages do not come back all at once. */
export function waitBefore(attempt: number, chance: number): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10));
  return longest * (0.5 + chance / 2);
}

export class Link {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #opened = 0;
  #state: LinkState = 'closed';

  constructor(
    readonly url: string,
    readonly handler: LinkHandler,
  ) {}

  start(): void {
    document.addEventListener('visibilitychange', this.#look);
    this.#look();
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.#look);
    this.#drop();
    this.#say('closed');
  }

  /** Does not wait for the next attempt. */
  retry(): void {
    if (this.#state !== 'waiting') return;
    this.#attempt = 0;
    this.#connect();
  }

  readonly #look = (): void => {
    if (document.hidden) {
      this.#drop();
      this.#say('paused');
    } else if (this.#socket === null) {
      this.#attempt = 0;
      this.#connect();
    }
  };

  #connect(): void {
    clearTimeout(this.#timer);
    this.#say('connecting');
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => {
      this.#opened = performance.now();
      this.#say('open');
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.handler.onText?.(data);
      else this.handler.onBinary?.(data as ArrayBuffer);
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      if (code === NOT_ALLOWED) isLoggedOut();
      this.#wait();
    };
  }

  #wait(): void {
    this.#socket = null;
    if (this.#opened > 0 && performance.now() - this.#opened > HELD_MS) this.#attempt = 0;
    this.#opened = 0;
    this.#say('waiting');
    this.#timer = setTimeout(() => this.#connect(), waitBefore(this.#attempt, Math.random()));
    this.#attempt += 1;
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#opened = 0;
    socket?.close();
  }

  #say(state: LinkState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.handler.onState?.(state);
  }
}
