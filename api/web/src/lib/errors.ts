/** Requests that failed. */

import type { Problem } from './openapi';

/** A request that failed. `status` is 0 when there was no response, and `message` may be empty. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** After how many seconds the server will answer again, if it says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** There was no response. */
  static network(): ApiError {
    return new ApiError(0, 'network', '');
  }

  /** The response to any request of somebody who is not signed in, or not any more. */
  get unauthorized(): boolean {
    return this.status === 401 && this.code !== 'wrong_credentials';
  }
}

/** The error in a response, which may also come from a proxy. */
export function errorFrom(status: number, body: string, retryAfter: string | null = null): ApiError {
  const wait = seconds(retryAfter);
  try {
    const { code, detail } = JSON.parse(body) as Problem;
    if (typeof code === 'string') return new ApiError(status, code, detail ?? '', wait);
  } catch {
    // A proxy's HTML page, or an empty body: there is no message to show.
  }
  return status === 0 ? ApiError.network() : new ApiError(status, `http_${status}`, '', wait);
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : ApiError.network();
}

/** `Retry-After` is a number of seconds or, from some proxies, a date. */
function seconds(retryAfter: string | null): number | null {
  if (retryAfter === null || retryAfter.trim() === '') return null;
  const number = Number(retryAfter);
  if (!Number.isNaN(number)) return Math.max(0, Math.ceil(number));
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
