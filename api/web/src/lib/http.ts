/** Requests to the HTTP interface. */

import { untrack } from 'svelte';
import { ApiError, errorFrom } from './errors';
import { i18n } from './i18n/index.svelte';

/** The folder of the pages: the root of the host, or what a proxy has put them below. */
const root = typeof location === 'undefined' ? '/' : location.pathname.replace(/[^/]*$/, '');

/** Everything that the server answers, but for the pages themselves, lies below this path. */
export const API = `${root}api/v1`;

interface Options {
  method?: string;
  query?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, in place of a body. */
  file?: Blob;
  ifMatch?: string;
  /** A request of the tus protocol. */
  tus?: boolean;
}

export interface Answer<Body> {
  body: Body;
  etag: string | null;
}

let onUnauthorized: () => void = () => undefined;

/** What to do when a request shows that nobody is signed in any more. */
export function whenUnauthorized(listener: () => void): void {
  onUnauthorized = listener;
}

/** An error that may have been answered outside of `request`; tells if nobody is signed in any more. */
export function noticed(error: ApiError): ApiError {
  if (error.unauthorized) onUnauthorized();
  return error;
}

/** The language in which the server's messages shall be. */
export function language(): string {
  // An effect that sends a request need not run again when the language changes.
  return untrack(() => i18n.lang);
}

/** A path with the language and other parameters. */
export function withQuery(path: string, query: Record<string, string> = {}): string {
  return `${path}?${new URLSearchParams({ ...query, lang: language() }).toString()}`;
}

export async function request<Body>(path: string, options: Options = {}): Promise<Answer<Body>> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  if (options.file !== undefined) headers['content-type'] = 'application/octet-stream';
  if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch;
  if (options.tus === true) headers['tus-resumable'] = '1.0.0';
  const sent = options.body === undefined ? options.file : JSON.stringify(options.body);
  let response: Response;
  let text: string;
  try {
    response = await fetch(withQuery(path, options.query), {
      method: options.method ?? 'GET',
      headers,
      ...(sent === undefined ? {} : { body: sent }),
    });
    text = await response.text();
  } catch {
    throw ApiError.network();
  }
  if (!response.ok) {
    throw noticed(errorFrom(response.status, text, response.headers.get('retry-after')));
  }
  try {
    // 204 has no body.
    const body = (text === '' ? undefined : JSON.parse(text)) as Body;
    return { body, etag: response.headers.get('etag') };
  } catch {
    throw new ApiError(response.status, 'bad_answer', '');
  }
}
