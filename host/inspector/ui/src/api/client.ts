// One way to ask the server: problems become errors that can be shown, and who is not logged in
// is told so once, here.

import type { FlowProblem, Page } from './types';

const BASE = '/api/v1';
/** So long a question may take before it is given up. */
const PATIENCE_MS = 20_000;

/** What the server said against it (RFC 9457), or that it could not be reached. */
export class ApiError extends Error {
  override name = 'ApiError';

  constructor(
    /** 0: there was no answer. */
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly problems: FlowProblem[] = [],
    /** The field of what was sent that it is about. */
    readonly field: string | null = null,
  ) {
    super(detail || title);
  }
}

export interface Answer<T> {
  data: T;
  etag: string | null;
}

export interface Question {
  query?: Record<string, string | number | boolean | null | undefined> | undefined;
  signal?: AbortSignal | undefined;
  ifMatch?: string | null;
  json?: unknown;
  yaml?: string;
}

let csrf: string | null = null;
let onLoggedOut: () => void = () => {};

export function useCsrf(token: string | null): void {
  csrf = token;
}

/** `act` is called whenever the server answers 401. */
export function whenLoggedOut(act: () => void): void {
  onLoggedOut = act;
}

/** The server says on another way that a token is asked for, or another one. */
export function isLoggedOut(): void {
  onLoggedOut();
}

/** The path of something in a flow, each part encoded. */
export function flowPath(flow: string, ...parts: (string | number)[]): string {
  return ['', 'flows', flow, ...parts].map((part) => encodeURIComponent(part)).join('/');
}

export function url(path: string, query?: Question['query']): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  }
  const asked = search.toString();
  return BASE + path + (asked ? `?${asked}` : '');
}

/** The address of a WebSocket of this server. */
export function socketUrl(path: string): string {
  return `${location.origin.replace(/^http/, 'ws')}${BASE}${path}`;
}

export async function ask<T>(method: string, path: string, question: Question = {}): Promise<Answer<T>> {
  const response = await fetched(method, path, question);
  const etag = response.headers.get('etag');
  if (response.status === 204) return { data: undefined as T, etag };
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return { data: (isJson ? await response.json() : await response.text()) as T, etag };
}

export async function get<T>(path: string, question?: Question): Promise<T> {
  return (await ask<T>('GET', path, question)).data;
}

/** All of a list that is known to be short; at most `most` items. */
export async function getAll<T>(path: string, question: Question = {}, most = 1000): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await get<Page<T>>(path, { ...question, query: { ...question.query, limit: 100, cursor } });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && items.length < most);
  return items;
}

/** A picture and when it was taken. */
export async function getPicture(path: string, question: Question = {}): Promise<{ picture: Blob; taken: string | null }> {
  const response = await fetched('GET', path, question);
  return { picture: await response.blob(), taken: response.headers.get('x-agave-time') };
}

async function fetched(method: string, path: string, question: Question): Promise<Response> {
  const headers = new Headers({ accept: 'application/json, */*;q=0.5' });
  if (csrf !== null && method !== 'GET') headers.set('x-agave-csrf', csrf);
  if (question.ifMatch) headers.set('if-match', question.ifMatch);
  let body: string | null = null;
  if (question.yaml !== undefined) {
    headers.set('content-type', 'text/yaml');
    body = question.yaml;
  } else if (question.json !== undefined) {
    headers.set('content-type', 'application/json');
    body = JSON.stringify(question.json);
  }
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const signal = question.signal ? AbortSignal.any([question.signal, patience]) : patience;
  let response: Response;
  try {
    response = await fetch(url(path, question.query), { method, headers, body, signal });
  } catch (error) {
    if (question.signal?.aborted) throw error;
    throw new ApiError(0, 'No answer', 'The program does not answer. It may have been stopped, or the network is gone.');
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response: Response): Promise<ApiError> {
  if (response.status === 401) onLoggedOut();
  return refused(response.status, response.statusText, await response.text());
}

function refused(status: number, statusText: string, body: string): ApiError {
  let said: { title?: string; detail?: string; problems?: FlowProblem[]; field?: string } = {};
  try {
    said = JSON.parse(body) as typeof said;
  } catch {
    // A proxy between us and the program answers with a page of its own.
  }
  return new ApiError(
    status,
    said.title ?? statusText,
    said.detail ?? `The server answered ${status} ${statusText}.`,
    said.problems ?? [],
    said.field ?? null,
  );
}

/** Sends a file, which may take long, and says how much of it has gone. */
export function send<T>(path: string, file: Blob, query: Question['query'], onSent: (bytes: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    // Not with fetch, which does not say how much has gone.
    const request = new XMLHttpRequest();
    request.open('POST', url(path, query));
    request.setRequestHeader('accept', 'application/json');
    request.setRequestHeader('content-type', 'application/octet-stream');
    if (csrf !== null) request.setRequestHeader('x-agave-csrf', csrf);
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onerror = () => reject(new ApiError(0, 'No answer', 'The connection was broken off. The program may have been stopped, or the network is gone.'));
    request.onabort = () => reject(new ApiError(0, 'Not sent', 'It was not sent to its end.'));
    request.onload = () => {
      if (request.status === 200) return resolve(JSON.parse(request.responseText) as T);
      if (request.status === 401) onLoggedOut();
      reject(refused(request.status, request.statusText, request.responseText));
    };
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}
