// Zones while they are edited: a working copy with undo, and what is needed to save it without
// overwriting what somebody else has done meanwhile.

import { ApiError, ask, flowPath } from '../../api/client';
import type { Addition } from '../../api/additions';
import type { Page, Point, Report, Zone } from '../../api/types';
import { SvelteMap } from 'svelte/reactivity';
import { History } from '../../logic/history';
import { flaw, snapped } from '../../logic/polygon';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

export class ZoneEdit {
  zones = $state.raw<readonly Zone[]>([]);
  selected = $state<string | null>(null);
  corner = $state<number | null>(null);
  /** The corners so far of a zone that is being drawn. */
  drawing = $state.raw<readonly Point[] | null>(null);
  error = $state.raw<Error | null>(null);
  report = $state.raw<Report | null>(null);
  isLoaded = $state(false);
  /** Somebody else has changed the file since it was read. */
  isConflict = $state(false);

  /** What was done when it was saved, in a sentence. */
  said = $state('');

  #saved = $state.raw<readonly Zone[]>([]);
  /** What a zone was called when it was read, where it is called otherwise now. */
  readonly #was = new SvelteMap<string, string>();
  /** Rules that go with a zone. */
  readonly #rules = new Map<string, readonly string[]>();
  #etag: string | null = null;
  #isSaving = false;
  /** Counts up with every save. */
  #saves = 0;
  readonly #history = new History<readonly Zone[]>([]);
  #steps = $state(0);

  readonly current = $derived(this.zones.find((zone) => zone.name === this.selected) ?? null);
  readonly changed = $derived(this.zones.filter((zone) => !same(zone, this.#saved.find((other) => other.name === zone.name))));
  readonly removed = $derived(this.#saved.filter((zone) => !this.zones.some((other) => other.name === zone.name)));
  readonly isDirty = $derived(this.changed.length + this.removed.length > 0 || this.drawing !== null);
  readonly flaws = $derived(new Map(this.zones.map((zone) => [zone.name, flaw(zone.points)])));
  readonly canUndo = $derived(this.#steps >= 0 && (this.drawing !== null ? this.drawing.length > 0 : this.#history.canUndo));
  readonly canRedo = $derived(this.#steps >= 0 && this.drawing === null && this.#history.canRedo);

  constructor(
    readonly flow: string,
    readonly camera: string,
  ) {}

  async load(): Promise<void> {
    try {
      const { data, etag } = await ask<Page<Zone>>('GET', this.#path());
      this.#etag = etag;
      this.#saved = data.items;
      this.#begin(data.items);
      this.error = null;
      this.isConflict = false;
      this.isLoaded = true;
    } catch (error) {
      this.error = error as Error;
    }
  }

  /** The file has been read anew: where it has the same zones as before, nobody is in the way. */
  async refresh(): Promise<void> {
    const saves = this.#saves;
    if (!this.isLoaded || this.#isSaving) return;
    const { data, etag } = await ask<Page<Zone>>('GET', this.#path());
    if (saves !== this.#saves) return;
    const isSame = inOrder(data.items) === inOrder(this.#saved);
    if (!isSame && this.isDirty) return;
    this.#etag = etag;
    if (isSame) return;
    this.#saved = data.items;
    this.#begin(data.items);
  }

  /** What others saved is read; what was drawn here stays, to be saved on top of it. */
  async keepMine(): Promise<void> {
    const mine = this.zones;
    const [changed, removed] = [this.changed.map((zone) => zone.name), this.removed.map((zone) => zone.name)];
    await this.load();
    if (this.error) return;
    const theirs = this.zones.filter((zone) => !changed.includes(zone.name) && !removed.includes(zone.name));
    this.#push([...theirs, ...mine.filter((zone) => changed.includes(zone.name))]);
  }

  discard(): void {
    this.drawing = null;
    this.#begin(this.#saved);
    this.report = null;
    this.error = null;
  }

  select(name: string | null): void {
    this.selected = name;
    this.corner = null;
  }

  /** `isLast` is false while the corner is being dragged. */
  move(index: number, to: Point, isLast = true): void {
    this.#edit((points) => points.map((point, at) => (at === index ? snapped(to) : point)), isLast);
  }

  nudge(index: number, dx: number, dy: number): void {
    const point = this.current?.points[index];
    if (point) this.move(index, [point[0] + dx, point[1] + dy]);
  }

  /** All corners of the selected zone, by so much, as far as the picture goes. */
  shift(points: readonly Point[], dx: number, dy: number, isLast = true): void {
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const right = Math.min(Math.max(dx, -Math.min(...xs)), 1 - Math.max(...xs));
    const down = Math.min(Math.max(dy, -Math.min(...ys)), 1 - Math.max(...ys));
    this.#edit(() => points.map(([x, y]) => snapped([x + right, y + down])), isLast);
  }

  insert(after: number, point: Point): void {
    this.#edit((points) => points.toSpliced(after + 1, 0, snapped(point)));
    this.corner = after + 1;
  }

  removeCorner(index: number): void {
    const many = this.current?.points.length ?? 0;
    if (many <= 3) return;
    this.#edit((points) => points.toSpliced(index, 1));
    this.corner = Math.min(index, many - 2);
  }

  /** With the rules that watch it. */
  removeZone(name: string, rules: readonly string[] = []): void {
    if (rules.length > 0) this.#rules.set(this.was(name), rules);
    this.#was.delete(name);
    this.#push(this.zones.filter((zone) => zone.name !== name));
    if (this.selected === name) this.select(this.zones[0]?.name ?? null);
  }

  draw(): void {
    this.select(null);
    this.drawing = [];
    this.report = null;
  }

  drawCorner(point: Point): void {
    if (this.drawing) this.drawing = [...this.drawing, snapped(point)];
  }

  /** A zone in the middle, to be moved from there; for those who do not draw. */
  addRectangle(): void {
    const name = this.#freeName();
    this.#push([...this.zones, { name, points: [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]] }]);
    this.select(name);
    this.corner = 0;
  }

  /** The drawn corners become a zone. */
  finish(): void {
    const points = this.drawing;
    if (!points || points.length < 3) return;
    const name = this.#freeName();
    this.drawing = null;
    this.#push([...this.zones, { name, points: [...points] }]);
    this.select(name);
  }

  /** What it is called in the flow file. */
  was(name: string): string {
    return this.#was.get(name) ?? name;
  }

  /** Why the zone cannot be called so, or `null` when it is. `isLast` is false while it is being typed. */
  rename(name: string, to: string, isLast = true): string | null {
    if (name === to) {
      if (isLast) this.#push(this.zones);
      return null;
    }
    if (!NAME.test(to)) return 'A name has letters, digits, - and _, at most 64 of them.';
    if (this.zones.some((zone) => zone.name === to)) return `There is a zone “${to}” already.`;
    const zones = this.zones.map((zone) => (zone.name === name ? { ...zone, name: to } : zone));
    const was = this.was(name);
    this.#was.delete(name);
    if (was !== to && this.#saved.some((zone) => zone.name === was)) this.#was.set(to, was);
    if (isLast) this.#push(zones);
    else this.zones = zones;
    this.report = null;
    this.selected = to;
    return null;
  }

  undo(): void {
    if (this.drawing !== null) this.drawing = this.drawing.slice(0, -1);
    else this.#show(this.#history.undo());
  }

  redo(): void {
    if (this.drawing === null) this.#show(this.#history.redo());
  }

  /** Writes what has changed into the flow file, which reloads it. `rulesOf` knows who watches a zone. */
  async save(rulesOf: (zone: string) => readonly string[]): Promise<void> {
    this.error = null;
    this.report = null;
    const says: string[] = [];
    this.#isSaving = true;
    this.#saves += 1;
    try {
      for (const zone of this.changed) {
        const was = this.was(zone.name);
        const isThere = this.#saved.some((other) => other.name === was);
        await this.#write('PUT', this.#path(zone.name), { points: zone.points });
        says.push(was !== zone.name ? `Zone “${was}” is “${zone.name}” now.` : `Zone “${zone.name}” ${isThere ? 'moved' : 'added'}.`);
        // Rules follow the zone to its new name before the old one goes.
        if (was !== zone.name) for (const rule of rulesOf(was)) await this.#write('PATCH', flowPath(this.flow, 'nodes', rule, 'settings'), { zone: zone.name });
        this.#know(zone.name);
      }
      for (const { name } of this.removed) {
        const rules = this.#rules.get(name) ?? [];
        for (const rule of rules) await this.#write('DELETE', flowPath(this.flow, 'nodes', rule));
        await this.#write('DELETE', this.#path(name));
        if (![...this.#was.values()].includes(name)) says.push(`Zone “${name}” removed${rules.length > 0 ? `, with ${rules.map((rule) => `“${rule}”`).join(' and ')}` : ''}.`);
        this.#know(name);
      }
      this.#was.clear();
      this.#rules.clear();
      this.said = says.join(' ');
    } catch (error) {
      this.report = null;
      this.isConflict = error instanceof ApiError && error.status === 412;
      this.error = error as Error;
    } finally {
      this.#isSaving = false;
    }
  }

  async #write(method: 'PUT' | 'PATCH' | 'DELETE', path: string, json?: unknown): Promise<void> {
    const { data, etag } = await ask<Report | Addition>(method, path, { ifMatch: this.#etag, json });
    const report = 'report' in data ? data.report : data;
    if (report.result === 'refused') throw new ApiError(422, 'The zones were not saved', report.said, report.problems);
    this.report = report;
    this.#etag = etag ?? (await ask<Page<Zone>>('GET', this.#path())).etag;
  }

  /** What is here of this name is what the file says now. */
  #know(name: string): void {
    const mine = this.zones.find((zone) => zone.name === name);
    this.#saved = [...this.#saved.filter((zone) => zone.name !== name), ...(mine ? [mine] : [])];
  }

  #edit(change: (points: readonly Point[]) => Point[], isLast = true): void {
    const zones = this.zones.map((zone) => (zone.name === this.selected ? { ...zone, points: change(zone.points) } : zone));
    if (isLast) this.#push(zones);
    else this.zones = zones;
  }

  #push(zones: readonly Zone[]): void {
    this.#history.push(zones);
    this.#steps += 1;
    this.zones = zones;
    this.report = null;
  }

  #show(zones: readonly Zone[]): void {
    this.zones = zones;
    this.#steps += 1;
    if (this.current === null) this.select(zones[0]?.name ?? null);
    const many = this.current?.points.length ?? 0;
    if (this.corner !== null && this.corner >= many) this.corner = null;
  }

  #begin(zones: readonly Zone[]): void {
    this.#history.reset(zones);
    this.#was.clear();
    this.#rules.clear();
    this.#steps += 1;
    this.zones = zones;
    if (!zones.some((zone) => zone.name === this.selected)) this.select(zones[0]?.name ?? null);
  }

  #freeName(): string {
    for (let number = 1; ; number += 1) {
      const name = `zone-${number}`;
      if (!this.zones.some((zone) => zone.name === name)) return name;
    }
  }

  #path(name?: string): string {
    return flowPath(this.flow, 'cameras', this.camera, 'zones', ...(name === undefined ? [] : [name]));
  }
}

function same(one: Zone, other: Zone | undefined): boolean {
  return JSON.stringify(one.points) === JSON.stringify(other?.points);
}

/** The zones as a text that says the same in whatever order they are. */
function inOrder(zones: readonly Zone[]): string {
  return JSON.stringify(zones.toSorted((one, other) => (one.name < other.name ? -1 : 1)));
}
