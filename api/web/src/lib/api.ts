/** The HTTP API: its types, which are generated from the OpenAPI document, and a function for each call. */

import type { ErrorBody, Info, paths as Routes, Report, ReportEvent, ReportList, ReportState } from './openapi';

export type {
  ErrorCode,
  Info,
  Report,
  ReportBody,
  ReportList,
  ReportState,
  ReportSummary,
  Segment,
  SegmentFlag,
  Stage,
  Transcript,
  Word,
  WrittenFile,
} from './openapi';

/** The body of a successful answer to `GET route`. */
type Answer<Route extends keyof Routes> = Routes[Route] extends {
  get: { responses: { 200: { content: { 'application/json': infer Body } } } };
}
  ? Body
  : never;

/** Name of a server-sent event. */
export type EventName = ReportEvent['event'];
/** Data of the server-sent event with this name. */
export type EventData<Name extends EventName> = Extract<ReportEvent, { event: Name }>['data'];

/** A request that failed. `status` is 0 when there was no response. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** True when the report will not change any more. */
export function isFinal(report: { state: ReportState }): boolean {
  return report.state === 'ready' || report.state === 'failed';
}

/** The error in a response body, which may also come from a proxy. */
export function errorFrom(status: number, body: string): ApiError {
  try {
    const { error } = JSON.parse(body) as ErrorBody;
    return new ApiError(status, error.code, error.message);
  } catch {
    // A proxy's HTML page, or an empty body: there is no message to show.
    return new ApiError(status, status === 0 ? 'network' : `http_${status}`, '');
  }
}

export const paths = {
  info: '/api/info',
  reports: '/api/reports',
  report: (id: string) => `/api/reports/${encodeURIComponent(id)}`,
  events: (id: string) => `/api/reports/${encodeURIComponent(id)}/events`,
};

async function get<Route extends keyof Routes>(
  path: string,
  query: Record<string, string>,
): Promise<Answer<Route>> {
  let response: Response;
  try {
    response = await fetch(`${path}?${new URLSearchParams(query).toString()}`, {
      headers: { accept: 'application/json' },
    });
  } catch {
    throw new ApiError(0, 'network', '');
  }
  const body = await response.text();
  if (!response.ok) throw errorFrom(response.status, body);
  try {
    return JSON.parse(body) as Answer<Route>;
  } catch {
    throw new ApiError(response.status, 'bad_answer', '');
  }
}

export function getInfo(lang: string): Promise<Info> {
  return get<'/api/info'>(paths.info, { lang });
}

export function listReports(lang: string, limit: number, before?: string): Promise<ReportList> {
  const query: Record<string, string> = { lang, limit: String(limit) };
  if (before !== undefined) query['before'] = before;
  return get<'/api/reports'>(paths.reports, query);
}

export async function getReport(id: string, lang: string): Promise<Report> {
  const { report } = await get<'/api/reports/{id}'>(paths.report(id), { lang });
  return report;
}
