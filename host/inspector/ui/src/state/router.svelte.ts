// Which view the address means. Every view and selection has an address that can be sent.

export const VIEWS = ['now', 'flow', 'camera', 'alerts', 'edit', 'system'] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  view: View | 'start' | 'login' | 'lost';
  flow: string | null;
  /** What is selected in the view: a node, a camera, an alert, a part of the system. */
  item: string | null;
}

export function parseRoute(path: string): Route {
  const parts = path.split('/').filter(Boolean).map(decoded);
  if (parts.length === 0) return { view: 'start', flow: null, item: null };
  if (parts[0] === 'login' && parts.length === 1) return { view: 'login', flow: null, item: null };
  const [place, flow, view = 'now', item = null] = parts;
  if (place !== 'flows' || !flow || !isView(view) || parts.length > 4) return { view: 'lost', flow: null, item: null };
  return { view, flow, item };
}

export function pathOf(flow: string, view: View, item?: string | number | null): string {
  const path = `/flows/${encodeURIComponent(flow)}/${view}`;
  return item === undefined || item === null ? path : `${path}/${encodeURIComponent(item)}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function isView(view: string): view is View {
  return (VIEWS as readonly string[]).includes(view);
}

class Router {
  #url = $state.raw(new URL(location.href));
  /** Asked before the view is left; the answer `false` stays. */
  guard: (() => boolean) | null = null;

  readonly route = $derived(parseRoute(this.#url.pathname));
  readonly query = $derived(this.#url.searchParams);

  constructor() {
    addEventListener('popstate', () => (this.#url = new URL(location.href)));
    document.addEventListener('click', (event) => this.#onClick(event));
  }

  go(path: string, { replace = false } = {}): void {
    const url = new URL(path, location.href);
    if (url.href === location.href) return;
    if (!replace && url.pathname !== location.pathname && this.guard && !this.guard()) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', url);
    const isNewView = url.pathname !== this.#url.pathname;
    this.#url = url;
    if (isNewView && !replace) scrollTo(0, 0);
  }

  /** Changes the part behind the `?`, without a new step in the history. */
  ask(values: Record<string, string | null>): void {
    const url = new URL(location.href);
    for (const [key, value] of Object.entries(values)) {
      if (value === null || value === '') url.searchParams.delete(key);
      else url.searchParams.set(key, value);
    }
    this.go(url.pathname + url.search, { replace: true });
  }

  #onClick(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (parseRoute(link.pathname).view === 'lost') return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

export const router = new Router();
