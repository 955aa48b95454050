// The flow that is looked at: its counters as they come, the rates made of them, and what happens.

import { flowPath, getAll, socketUrl } from '../api/client';
import { Link, type LinkState } from '../api/live';
import type { Rule } from '../api/additions';
import type { Alert, Camera, CameraHealth, CameraStatus, FlowStatus, Incident, LiveMessage, NodeStatus, OutboxStatus, PlanDetails, Report } from '../api/types';
import { type Rate, RateWindow } from '../logic/rates';
import { Resource } from './resource.svelte';

/** Numbers update at most four times a second. */
const LEAST_BETWEEN_MS = 250;
const MOST_RECENT_ALERTS = 200;
const MOST_HEALTH_CHANGES = 100;
/** A changed node pulses for so long. */
const PULSE_MS = 1600;

export interface HealthChange {
  health: CameraHealth;
  at: number;
}

export interface NodeView {
  status: NodeStatus;
  rate: Rate | null;
  spark: readonly number[];
}

export class FlowState {
  readonly name: string;
  status = $state.raw<FlowStatus | null>(null);
  /** When it came. */
  statusAt = $state(0);
  link = $state.raw<LinkState>('connecting');
  /** Newest first, since the page was opened. */
  alerts = $state.raw<readonly Alert[]>([]);
  /** Counts up with every alert and reload; who lists them asks again. */
  alertTick = $state(0);
  reloadTick = $state(0);
  lastReload = $state.raw<Report | null>(null);
  pulsing = $state.raw<ReadonlySet<string>>(new Set());
  /** Messages that this page was too slow for. */
  leftOut = $state(0);
  windowSeconds = $state(0);
  /** The cameras with what does not change every second: sizes, zones, models. */
  readonly cameraList = new Resource<Camera[]>();
  readonly ruleList = new Resource<Rule[]>();
  readonly openIncidents = new Resource<Incident[]>();

  readonly nodes = $derived(new Map(this.status?.nodes.map((node) => [node.name, node])));
  readonly cameras = $derived(new Map(this.status?.cameras.map((camera) => [camera.name, camera])));
  readonly outboxes = $derived(new Map(this.status?.outboxes.map((outbox) => [outbox.adapter, outbox])));

  readonly #rates = new RateWindow();
  readonly #health = new Map<string, HealthChange[]>();
  readonly #link: Link;
  #waiting: FlowStatus | null = null;
  #lastShown_ms = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #incidentTimer: ReturnType<typeof setTimeout> | undefined;
  #incidentsAsked_ms = -Infinity;
  #pulseTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(name: string) {
    this.name = name;
    this.#link = new Link(socketUrl(flowPath(name, 'live')), {
      onText: (text) => this.#onMessage(JSON.parse(text) as LiveMessage),
      onState: (state) => {
        this.link = state;
        // What happened in between is asked for, not guessed.
        if (state === 'open') this.alertTick += 1;
      },
    });
    this.#link.start();
  }

  loadCameras(): Promise<unknown> {
    return this.cameraList.load((signal) => getAll<Camera>(flowPath(this.name, 'cameras'), { signal }));
  }

  loadRules(): Promise<unknown> {
    return this.ruleList.load((signal) => getAll<Rule>(flowPath(this.name, 'rules'), { signal }));
  }

  /** The rules that watch a zone of a camera. */
  rulesOf(camera: string, zone: string): readonly Rule[] {
    return (this.ruleList.data ?? []).filter((rule) => rule.zone === zone && rule.cameras.includes(camera));
  }

  /** Asks again after alerts, at most once a second. */
  loadIncidents(): void {
    this.#incidentTimer ??= setTimeout(() => {
      this.#incidentTimer = undefined;
      void this.openIncidents.load((signal) => getAll<Incident>(flowPath(this.name, 'incidents'), { query: { open: true }, signal }));
    }, Math.max(0, this.#incidentsAsked_ms + 1000 - performance.now()));
    this.#incidentsAsked_ms = performance.now();
  }

  stop(): void {
    clearTimeout(this.#incidentTimer);
    this.cameraList.stop();
    this.ruleList.stop();
    this.openIncidents.stop();
    clearTimeout(this.#timer);
    clearTimeout(this.#pulseTimer);
    this.#link.stop();
  }

  retry(): void {
    this.#link.retry();
  }

  node(name: string): NodeView | null {
    const status = this.nodes.get(name);
    return status ? { status, rate: this.#rates.node(name), spark: this.#rates.spark(name) } : null;
  }

  camera(name: string): { status: CameraStatus; rate: Rate | null } | null {
    const status = this.cameras.get(name);
    return status ? { status, rate: this.#rates.camera(name) } : null;
  }

  outbox(name: string): OutboxStatus | null {
    return this.outboxes.get(name) ?? null;
  }

  /** Since when the camera's health is what it is, if that is known. */
  since(camera: string): number | null {
    const said = this.cameras.get(camera)?.since;
    if (said) return Date.parse(said);
    const changes = this.#health.get(camera) ?? [];
    return changes.length > 1 ? (changes.at(-1)?.at ?? null) : null;
  }

  /** The camera's health since this page was opened, oldest first. */
  healthOf(camera: string): readonly HealthChange[] {
    void this.status;
    return this.#health.get(camera) ?? [];
  }

  #onMessage(message: LiveMessage): void {
    if ('status' in message) this.#onStatus(message.status);
    else if ('alert' in message) {
      this.alerts = [message.alert, ...this.alerts].slice(0, MOST_RECENT_ALERTS);
      this.alertTick += 1;
    } else if ('reload' in message) this.#onReload(message.reload);
    else this.leftOut += message.left_out;
  }

  #onStatus(status: FlowStatus): void {
    this.#waiting = status;
    const passed = performance.now() - this.#lastShown_ms;
    if (passed >= LEAST_BETWEEN_MS) this.#show();
    else this.#timer ??= setTimeout(() => this.#show(), LEAST_BETWEEN_MS - passed);
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const status = this.#waiting;
    if (!status) return;
    this.#waiting = null;
    this.#lastShown_ms = performance.now();
    this.#rates.push(status);
    this.#noteHealth(status);
    this.windowSeconds = this.#rates.seconds;
    this.status = status;
    this.statusAt = Date.now();
  }

  #noteHealth(status: FlowStatus): void {
    const at = Date.now();
    for (const { name, health } of status.cameras) {
      const changes = this.#health.get(name) ?? [];
      if (changes.at(-1)?.health !== health) this.#health.set(name, [...changes, { health, at }].slice(-MOST_HEALTH_CHANGES));
    }
  }

  #onReload(report: Report): void {
    this.lastReload = report;
    this.reloadTick += 1;
    if (report.result !== 'applied') return;
    this.pulsing = changedIn(report.details);
    clearTimeout(this.#pulseTimer);
    this.#pulseTimer = setTimeout(() => (this.pulsing = new Set()), PULSE_MS);
  }
}

/** The ids in the graph of what a reload changed. */
export function changedIn(details: Partial<PlanDetails>): Set<string> {
  const changed = new Set<string>();
  for (const node of Object.keys(details.nodes ?? {})) changed.add(`node:${node}`);
  for (const camera of Object.keys(details.cameras ?? {})) changed.add(`camera:${camera}`);
  return changed;
}
