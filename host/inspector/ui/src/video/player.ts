// Plays a camera's own H.264: units from the WebSocket, decoded by WebCodecs, drawn on a canvas when
// it is their time. What cannot be played is said, so that pictures can take its place.

import { Link, type LinkState } from '../api/live';
import type { SeenVideoFrame, VideoMessage } from '../api/types';
import { PresentationClock } from './clock';
import { PictureQueue, SeenQueue, UnitQueue } from './queues';
import { readUnit, type AccessUnit } from './unit';

/** Units are decoded so much before they are shown. */
const AHEAD_US = 120_000;
/** After so many errors in a row the codec is not tried again. */
const MOST_ERRORS = 3;

export interface Shown {
  pts_us: number;
  seen: SeenVideoFrame | null;
  trail: SeenVideoFrame[];
}

export interface PlayerHandler {
  /** A frame was drawn, or what is seen in it has changed. */
  onShown(shown: Shown): void;
  onState(state: LinkState): void;
  onSize(width: number, height: number): void;
  /** Video cannot be played, and why. */
  onUnplayable(why: string): void;
  /** The viewer was too slow for so many units and frames, all together. */
  onLeftOut(many: number): void;
}

/** How far back the way of a track is drawn. */
const TRAIL_US = 3_000_000;

export class Player {
  readonly #link: Link;
  readonly #clock = new PresentationClock();
  readonly #units = new UnitQueue();
  readonly #pictures = new PictureQueue<VideoFrame>();
  readonly #seen = new SeenQueue();
  #decoder: VideoDecoder | null = null;
  #config: VideoDecoderConfig | null = null;
  #errors = 0;
  #leftOut = 0;
  #saidLeftOut = 0;
  #frameRequest = 0;
  #lastSeen: SeenVideoFrame | null = null;
  #shown_us: number | null = null;

  constructor(
    url: string,
    readonly canvas: HTMLCanvasElement,
    readonly handler: PlayerHandler,
  ) {
    this.#link = new Link(url, {
      onText: (text) => this.#onMessage(JSON.parse(text) as VideoMessage),
      onBinary: (data) => this.#onUnit(readUnit(data)),
      onState: (state) => {
        if (state !== 'open') this.#forget();
        handler.onState(state);
      },
    });
  }

  start(): void {
    this.#link.start();
    this.#frameRequest = requestAnimationFrame(this.#tick);
  }

  stop(): void {
    cancelAnimationFrame(this.#frameRequest);
    this.#link.stop();
    this.#closeDecoder();
    this.#forget();
  }

  get delay_ms(): number {
    return this.#clock.delay_ms;
  }

  #onMessage(message: VideoMessage): void {
    if ('config' in message) void this.#configure(message.config);
    else if ('frame' in message) {
      this.#seen.push(message.frame);
      this.#clock.known(message.frame.pts_us, performance.now());
    } else if ('left_out' in message) this.#leftOut += message.left_out;
  }

  async #configure(said: { codec: string | null; description: string | null; width: number; height: number }): Promise<void> {
    this.#closeDecoder();
    this.#config = null;
    this.#forget();
    if (said.width > 0 && said.height > 0) this.handler.onSize(said.width, said.height);
    if (said.codec === null) return this.handler.onUnplayable('this camera’s codec cannot be played by browsers');
    if (typeof VideoDecoder === 'undefined') {
      return this.handler.onUnplayable(isSecureContext ? 'this browser has no WebCodecs' : 'video needs HTTPS or localhost');
    }
    const config: VideoDecoderConfig = { codec: said.codec, optimizeForLatency: true };
    if (said.description) config.description = Uint8Array.from(atob(said.description), (letter) => letter.charCodeAt(0));
    const { supported } = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (!supported) return this.handler.onUnplayable(`this browser cannot play ${said.codec}`);
    this.#config = config;
    this.#openDecoder();
  }

  #openDecoder(): void {
    if (this.#config === null) return;
    this.#decoder = new VideoDecoder({
      output: (frame) => {
        this.#errors = 0;
        this.#pictures.push(frame);
      },
      error: (error) => this.#onDecodeError(error),
    });
    this.#decoder.configure(this.#config);
  }

  #onDecodeError(error: DOMException): void {
    this.#decoder = null;
    this.#units.restart();
    this.#errors += 1;
    if (this.#errors >= MOST_ERRORS) this.handler.onUnplayable(`the video could not be decoded: ${error.message}`);
    else this.#openDecoder();
  }

  #closeDecoder(): void {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
  }

  #forget(): void {
    this.#units.restart();
    this.#pictures.clear();
    this.#seen.clear();
    this.#clock.reset();
    if (this.#decoder?.state === 'configured') {
      this.#closeDecoder();
      this.#openDecoder();
    }
  }

  #onUnit(unit: AccessUnit | null): void {
    if (!unit) return;
    if (this.#clock.arrived(unit.pts_us, performance.now())) {
      this.#units.restart();
      this.#pictures.clear();
    }
    this.#units.push(unit);
  }

  readonly #tick = (now_ms: number): void => {
    this.#frameRequest = requestAnimationFrame(this.#tick);
    const now_us = this.#clock.now_us(now_ms);
    if (now_us === null) return;
    this.#decodeAhead(now_us);
    const picture = this.#pictures.take(now_us);
    if (picture) {
      this.#draw(picture);
      this.#shown_us = picture.timestamp;
      picture.close();
    }
    this.#tell(picture !== null);
    this.#countLeftOut();
  };

  /** What was seen belongs to the picture that is shown, also where decoding is behind. */
  #tell(isNew: boolean): void {
    const shown_us = this.#shown_us;
    if (shown_us === null) return;
    const seen = this.#seen.at(shown_us);
    if (!isNew && seen === this.#lastSeen) return;
    this.#lastSeen = seen;
    this.handler.onShown({ pts_us: shown_us, seen, trail: this.#seen.before(shown_us, TRAIL_US) });
  }

  #decodeAhead(now_us: number): void {
    const decoder = this.#decoder;
    if (decoder?.state !== 'configured') return;
    while (this.#pictures.hasRoom && decoder.decodeQueueSize < 4) {
      const unit = this.#units.take(now_us + AHEAD_US);
      if (!unit) return;
      decoder.decode(new EncodedVideoChunk({ type: unit.isKey ? 'key' : 'delta', timestamp: unit.pts_us, data: unit.data }));
    }
  }

  #draw(picture: VideoFrame): void {
    const { displayWidth, displayHeight } = picture;
    if (this.canvas.width !== displayWidth || this.canvas.height !== displayHeight) {
      this.canvas.width = displayWidth;
      this.canvas.height = displayHeight;
      this.handler.onSize(displayWidth, displayHeight);
    }
    this.canvas.getContext('2d', { alpha: false })?.drawImage(picture, 0, 0, displayWidth, displayHeight);
  }

  #countLeftOut(): void {
    const many = this.#leftOut + this.#units.leftOut;
    if (many === this.#saidLeftOut) return;
    this.#saidLeftOut = many;
    this.handler.onLeftOut(many);
  }
}
