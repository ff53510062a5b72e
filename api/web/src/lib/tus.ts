/**
 * Sends a file with tus, in pieces, from where it was left off: after a broken connection by itself, after the
 * page was closed when the same file is chosen again. A file may still be growing while it is sent. The client library
 * is loaded when it is first needed.
 */

import type { DetailedError, HttpRequest, HttpResponse, UploadOptions } from 'tus-js-client';
import { paths, type UploadRole } from './api';
import { ApiError, asApiError, errorFrom } from './errors';
import { fingerprint } from './fingerprint';
import { language } from './http';

/** Proxies often keep a request until all of it is here; what was sent of a broken one is then lost. */
const CHUNK_BYTES = 8 * 1024 * 1024;
/** A connection on which nothing moves for so long is taken for broken: a phone may not notice that it is. */
const STALL_MS = 45_000;
/** A server that answers with errors is asked this often; one that does not answer, until somebody stops it. */
const MAX_ERRORS = 8;
const DELAYS_MS = Array.from({ length: 2_000 }, (_, attempt) => Math.min(500 * 2 ** attempt, 15_000));

export interface Sending {
  /** Resolves with the upload's id when the server has the whole file; rejects with an `ApiError`. */
  readonly done: Promise<string>;
  pause(): void;
  resume(): void;
  /** Stops, and lets the server forget what it has of the file. `done` rejects with `CANCELLED`. */
  cancel(): void;
}

/** A file that is being written, and that remembers by itself where its upload is. */
export interface Growing {
  readonly name: string;
  /** Where its upload is, once it was begun. */
  readonly url: string | null;
  began(url: string): void;
  /** Bytes from `start` on; waits until there are some, or no more will come. */
  read(start: number, end: number): Promise<{ value: Blob; done: boolean }>;
  /** Lets nobody wait any more who has asked for bytes. */
  rest(): void;
}

export interface SendOptions {
  reportId: string;
  role: UploadRole;
  file: File | Growing;
  /** Bytes that the server has, or that are on their way. */
  onprogress(sent: number): void;
  /** The connection broke, or the server had a problem; it will be tried again. */
  onwaiting(error: ApiError): void;
}

export const CANCELLED = new ApiError(0, 'cancelled', '');

/** Loads the library. A page that is left open may be older than the server, and its files gone. */
export function loadTus(): Promise<typeof import('tus-js-client')> {
  return import('tus-js-client').catch(() => {
    throw ApiError.network();
  });
}

/** Whether a request that failed this way may succeed later. `errors` counts those answered in a row. */
export function mayRetry(error: ApiError, method: string, errors: number): boolean {
  if (error.status === 0) return true;
  if (errors > MAX_ERRORS) return false;
  // An upload that the server does not know any more is begun anew; a report that it does not know is not.
  if (error.status === 404 || error.status === 410) return method !== 'POST';
  return error.status >= 500 || [408, 409, 423, 425, 429].includes(error.status);
}

function toApiError(error: Error | DetailedError): ApiError {
  if ('originalResponse' in error) {
    const { originalResponse: response, causingError } = error;
    if (response !== null) return fromResponse(response);
    if (causingError instanceof ApiError) return causingError;
  }
  return asApiError(error);
}

function fromResponse(response: HttpResponse): ApiError {
  return errorFrom(response.getStatus(), response.getBody(), response.getHeader('retry-after') ?? null);
}

/**
 * Called with each response. The library takes any error that answers its first question, how much is there,
 * as proof that the upload is gone, and begins anew with the first byte. That is right for these two only.
 */
function keepUpload(request: HttpRequest, response: HttpResponse): void {
  const status = response.getStatus();
  const gone = status === 404 || status === 410;
  if (request.getMethod() === 'HEAD' && status >= 300 && !gone) throw fromResponse(response);
}

/** How the library reads the file, and knows it again. */
async function reading(reportId: string, role: UploadRole, file: File | Growing): Promise<UploadOptions> {
  if (file instanceof File) {
    const key = await fingerprint(reportId, role, file);
    return { fingerprint: () => Promise.resolve(key), removeFingerprintOnSuccess: true };
  }
  // The library does not ask for the size of what has none yet.
  const source = { size: 0, slice: (start: number, end: number) => file.read(start, end), close: () => undefined };
  return {
    uploadUrl: file.url,
    uploadLengthDeferred: true,
    storeFingerprintForResuming: false,
    fileReader: { openFile: () => Promise.resolve(source) },
  };
}

export async function send(options: SendOptions): Promise<Sending> {
  const { reportId, role, file } = options;
  const growing = file instanceof File ? null : file;
  const [{ Upload }, how] = await Promise.all([loadTus(), reading(reportId, role, file)]);
  let stall: ReturnType<typeof setTimeout> | undefined;
  let running = true;
  let errors = 0;
  let reached = 0;
  let settle: { resolve: (id: string) => void; reject: (error: ApiError) => void };
  const done = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });

  const settings: UploadOptions = {
    // Absolute, because the library resolves the server's answers against it.
    endpoint: new URL(paths.uploads, location.href).href,
    headers: { 'accept-language': language() },
    metadata: { report_id: reportId, role, filename: file.name },
    ...how,
    chunkSize: CHUNK_BYTES,
    retryDelays: DELAYS_MS,
    onShouldRetry: (error) => {
      if (!running) return false;
      const failure = toApiError(error);
      if (failure.status !== 0) errors += 1;
      const again = mayRetry(failure, error.originalRequest.getMethod(), errors);
      if (again) {
        // The library waits by itself, for less than a stall.
        clearTimeout(stall);
        options.onwaiting(failure);
      }
      return again;
    },
    onAfterResponse: keepUpload,
    onProgress: (sent) => {
      if (!running) return;
      if (sent > reached) errors = 0;
      reached = sent;
      watch();
      options.onprogress(sent);
    },
    onUploadUrlAvailable: () => {
      if (upload.url !== null) growing?.began(upload.url);
    },
    onSuccess: () => settle.resolve(upload.url?.split('/').pop() ?? ''),
    onError: (error) => settle.reject(toApiError(error)),
  };
  // A file that grows is read by the reader above alone.
  const upload = new Upload(file as File, settings);

  function start(): void {
    running = true;
    upload.start();
    watch();
  }

  function stop(): void {
    running = false;
    clearTimeout(stall);
    growing?.rest();
    void upload.abort();
  }

  function restart(): void {
    if (!running) return;
    stop();
    start();
  }

  function watch(): void {
    clearTimeout(stall);
    stall = setTimeout(restart, STALL_MS);
  }

  const [previous] = growing === null ? await upload.findPreviousUploads() : [];
  if (previous !== undefined) upload.resumeFromPreviousUpload(previous);
  addEventListener('online', restart);
  const finish = () => {
    stop();
    removeEventListener('online', restart);
  };
  done.then(finish, finish);
  start();

  return {
    done,
    pause: stop,
    resume: start,
    cancel: () => {
      stop();
      settle.reject(CANCELLED);
      // What cannot be removed now, the server removes by its age.
      upload.abort(true).catch(() => undefined);
    },
  };
}
