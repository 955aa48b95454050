// When a frame is shown: late enough that what was seen in it is there as well.

/** At least so much behind the camera, to even out the network. */
const LEAST_DELAY_MS = 150;
/** Boxes that are later than this are drawn late; the picture does not wait for them. */
const LONGEST_DELAY_MS = 1500;
const MARGIN_MS = 40;
/** The stream was cut, or is another one, when its time jumps by so much. */
const JUMP_MS = 3000;
/** How fast the delay gives way again, a second. */
const EASE_MS = 20;

export class PresentationClock {
  /** Local time less presentation time, of the unit that came the soonest. */
  #offset_ms: number | null = null;
  #delay_ms = LEAST_DELAY_MS;
  #eased_ms = 0;

  /** A unit arrived. Returns whether the stream's time jumped, so that what waits is stale. */
  arrived(pts_us: number, now_ms: number): boolean {
    const offset = now_ms - pts_us / 1000;
    const jumped = this.#offset_ms !== null && Math.abs(offset - this.#offset_ms) > JUMP_MS;
    if (this.#offset_ms === null || jumped) {
      this.#offset_ms = offset;
      this.#delay_ms = LEAST_DELAY_MS;
    } else if (offset < this.#offset_ms) {
      this.#offset_ms = offset;
    } else {
      // Clocks drift: what was the soonest a while ago is believed less and less.
      this.#offset_ms += (offset - this.#offset_ms) * 0.001;
    }
    return jumped;
  }

  /** What was seen in this frame is known now. */
  known(pts_us: number, now_ms: number): void {
    if (this.#offset_ms === null) return;
    const late = now_ms - pts_us / 1000 - this.#offset_ms + MARGIN_MS;
    this.#delay_ms = Math.min(LONGEST_DELAY_MS, Math.max(this.#delay_ms, late));
  }

  /** The presentation time to show now, in microseconds; `null` before anything arrived. */
  now_us(now_ms: number): number | null {
    if (this.#offset_ms === null) return null;
    const passed = Math.min(1000, Math.max(0, now_ms - this.#eased_ms));
    this.#eased_ms = now_ms;
    this.#delay_ms = Math.max(LEAST_DELAY_MS, this.#delay_ms - (EASE_MS * passed) / 1000);
    return (now_ms - this.#offset_ms - this.#delay_ms) * 1000;
  }

  /** How far behind the newest unit the picture is. */
  get delay_ms(): number {
    return this.#delay_ms;
  }

  reset(): void {
    this.#offset_ms = null;
    this.#delay_ms = LEAST_DELAY_MS;
  }
}
