// Pictures of many cameras, in turn: a few at a time and a bounded number a second, only of those
// that are on the screen, none while the page is hidden.

const MOST_AT_ONCE = 4;
const MOST_A_SECOND = 6;
const LEAST_BETWEEN_MS = 1000;
const TICK_MS = 1000 / MOST_A_SECOND;

interface Turn {
  show: () => Promise<void>;
  last_ms: number;
  least_ms: number;
  busy: boolean;
}

class PictureRound {
  readonly #turns = new Map<symbol, Turn>();
  #underWay = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `show` fetches and draws a picture, at most once in `least_ms`. Returns how to leave the round. */
  join(show: (signal: AbortSignal) => Promise<void>, least_ms = LEAST_BETWEEN_MS): () => void {
    const id = Symbol();
    const abort = new AbortController();
    this.#turns.set(id, { show: () => show(abort.signal), last_ms: -Infinity, least_ms, busy: false });
    this.#timer ??= setInterval(() => this.#next(), TICK_MS);
    return () => {
      abort.abort();
      this.#turns.delete(id);
      if (this.#turns.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #next(): void {
    if (document.hidden || this.#underWay >= MOST_AT_ONCE) return;
    const now = performance.now();
    let turn: Turn | null = null;
    for (const other of this.#turns.values()) {
      if (!other.busy && now - other.last_ms >= other.least_ms && (!turn || other.last_ms < turn.last_ms)) turn = other;
    }
    if (!turn) return;
    const taken = turn;
    taken.busy = true;
    taken.last_ms = now;
    this.#underWay += 1;
    void taken
      .show()
      .catch(() => {})
      .finally(() => {
        taken.busy = false;
        this.#underWay -= 1;
      });
  }
}

export const pictures = new PictureRound();
