/** The HTTP API as the pages see it: its types, and one function for each call. */

export type ReportState = 'submitted' | 'processing' | 'ready' | 'failed';
export type StageName = 'ingest' | 'transcode' | 'transcribe' | 'archive';
export type StageState = 'waiting' | 'queued' | 'running' | 'done' | 'dead';
export type SegmentFlag = 'unclear' | 'known_phantom' | 'repetition' | 'set_aside';

export interface Info {
  version: string;
  limits: {
    max_video_bytes: number;
    max_written_bytes: number;
    max_duration_seconds: number;
  };
  languages: string[];
}

export interface ReportSummary {
  id: string;
  title: string | null;
  speaker: string | null;
  state: ReportState;
  /** RFC 3339. */
  created_at: string;
  duration_seconds: number | null;
  poster_url: string | null;
}

export interface Problem {
  code: string;
  /** What happened and what to do, already in the language that was asked for. */
  message: string;
}

export interface Stage {
  stage: StageName;
  state: StageState;
  /** 0 to 1. */
  progress: number;
  attempt: number;
  started_at: string | null;
  finished_at: string | null;
  error: Problem | null;
}

export interface Word {
  /** Seconds from the start of the video. */
  start: number;
  end: number;
  text: string;
  /** 0 to 1: how sure the model is. */
  confidence: number;
  /** What the recogniser wrote, where it was corrected by its sound. */
  heard?: string;
}

export interface Segment {
  /** Seconds from the start of the video. */
  start: number;
  end: number;
  text: string;
  /** 0 to 1: how sure the model is. */
  confidence: number | null;
  /** Joined, they are the text; there may be none. */
  words: Word[];
  flags: SegmentFlag[];
}

export interface Transcript {
  language: string;
  model: string;
  no_speech: boolean;
  text: string;
  segments: Segment[];
}

export interface Written {
  file_name: string;
  size_bytes: number;
  text: string | null;
  /** A scan: pages without text that can be read by a program. */
  no_text_layer: boolean;
}

export interface Media {
  duration_seconds: number;
  width: number;
  height: number;
  video_codec: string;
  audio_codec: string;
  rotation_degrees: number;
  remuxed: boolean | null;
}

export interface Links {
  video: string | null;
  original: string;
  poster: string | null;
  written: string | null;
  vtt: string | null;
  srt: string | null;
  txt: string | null;
  json: string | null;
}

export interface Report extends ReportSummary {
  language: string;
  video: { file_name: string; size_bytes: number };
  written: Written | null;
  media: Media | null;
  stages: Stage[];
  /** What is recognised so far, while transcription runs. */
  partial: Segment[];
  transcript: Transcript | null;
  links: Links;
}

export interface ReportPage {
  reports: ReportSummary[];
  /** The id to go on from, or null at the end. */
  next: string | null;
}

/** A request that did not work. `status` is 0 when there was no answer at all. */
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

/** True when nothing about this report will change any more. */
export function isFinal(report: { state: ReportState }): boolean {
  return report.state === 'ready' || report.state === 'failed';
}

/** The error that a response body tells of, whatever stood in between the server and the page. */
export function errorFrom(status: number, body: string): ApiError {
  try {
    const { error } = JSON.parse(body) as { error: Problem };
    return new ApiError(status, error.code, error.message);
  } catch {
    // A proxy's HTML page, or nothing: there is no message that is worth showing.
    return new ApiError(status, status === 0 ? 'network' : `http_${status}`, '');
  }
}

export const paths = {
  info: '/api/info',
  reports: '/api/reports',
  report: (id: string) => `/api/reports/${encodeURIComponent(id)}`,
  events: (id: string) => `/api/reports/${encodeURIComponent(id)}/events`,
};

async function get<T>(path: string, query: Record<string, string>): Promise<T> {
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
    return JSON.parse(body) as T;
  } catch {
    throw new ApiError(response.status, 'bad_answer', '');
  }
}

export function getInfo(lang: string): Promise<Info> {
  return get<Info>(paths.info, { lang });
}

export function listReports(lang: string, limit: number, before?: string): Promise<ReportPage> {
  const query: Record<string, string> = { lang, limit: String(limit) };
  if (before !== undefined) query['before'] = before;
  return get<ReportPage>(paths.reports, query);
}

export async function getReport(id: string, lang: string): Promise<Report> {
  const { report } = await get<{ report: Report }>(paths.report(id), { lang });
  return report;
}
