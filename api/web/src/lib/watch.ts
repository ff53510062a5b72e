/** Follows one report, and what its readers do with it: by server-sent events, or else by polling. */

import { type EventData, type EventName, getReport, isFinal, paths, type Report } from './api';
import { type ApiError, asApiError } from './errors';
import { withQuery } from './http';
import { updated } from './update';

export type Connection = 'live' | 'polling' | 'lost';

export interface WatchHandlers {
  report(report: Report): void;
  connection(connection: Connection): void;
  /** The report cannot be loaded (it does not exist, or the first request failed). */
  error(error: ApiError): void;
}

const POLL_MS = 3_000;
const POLL_MAX_MS = 15_000;
/** Some proxies buffer events: after this long without an event, the page sends a request. */
const SILENCE_MS = 20_000;
/** When nothing works on a report, it changes by what people do, and seldom. */
const QUIET_MS = 60_000;
/** After this many streams that broke before their first event, the page only polls. */
const MAX_BROKEN_STREAMS = 3;

/** Which transcript is here already: it may be long, and is not sent again. */
function known(report: Report | null): Record<string, string> {
  if (!report?.submission || !report.transcript) return {};
  return { submission: report.submission.id, transcript: String(report.transcript.version) };
}

/** Starts to follow the report; the returned function stops it. */
export function watchReport(id: string, handlers: WatchHandlers): () => void {
  let stopped = false;
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let brokenStreams = typeof EventSource === 'undefined' ? MAX_BROKEN_STREAMS : 0;
  let failedPolls = 0;
  /** As it was told last. */
  let current: Report | null = null;
  let final = false;

  function stop(): void {
    stopped = true;
    clearTimeout(timer);
    source?.close();
    document.removeEventListener('visibilitychange', onVisible);
  }

  function deliver(report: Report): void {
    current = report;
    final = isFinal(report);
    handlers.report(report);
  }

  function later(ms: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => void poll(), ms);
  }

  async function poll(): Promise<void> {
    try {
      const report = await getReport(id);
      if (stopped) return;
      failedPolls = 0;
      deliver(report);
      if (stopped) return;
    } catch (error) {
      if (stopped) return;
      const failure = asApiError(error);
      if (failure.status === 404 || failure.unauthorized || current === null) {
        stop();
        handlers.error(failure);
        return;
      }
      failedPolls += 1;
      handlers.connection('lost');
      later(Math.min(POLL_MS * 2 ** (failedPolls - 1), POLL_MAX_MS));
      return;
    }
    if (source !== null) {
      handlers.connection('live');
      return later(silence());
    }
    if (brokenStreams < MAX_BROKEN_STREAMS) return listen();
    handlers.connection('polling');
    later(final ? POLL_MAX_MS : POLL_MS);
  }

  function silence(): number {
    return final ? QUIET_MS : SILENCE_MS;
  }

  function listen(): void {
    const stream = new EventSource(withQuery(paths.events(id), { follow: 'true', ...known(current) }));
    source = stream;
    later(silence());
    stream.addEventListener('open', () => handlers.connection('live'));
    stream.addEventListener('report' satisfies EventName, (event: MessageEvent<string>) => {
      if (stopped || source !== stream) return;
      brokenStreams = 0;
      later(silence());
      deliver(JSON.parse(event.data) as EventData<'report'>);
    });
    stream.addEventListener('update' satisfies EventName, (event: MessageEvent<string>) => {
      if (stopped || source !== stream || current === null) return;
      brokenStreams = 0;
      const report = updated(current, JSON.parse(event.data) as EventData<'update'>);
      // Of another report than the one that is here: it is asked for as a whole.
      if (report === null) return later(0);
      later(silence());
      deliver(report);
    });
    stream.addEventListener('error', () => {
      if (stopped || source !== stream) return;
      // The browser would reconnect without end, also after the last event: poll first.
      stream.close();
      source = null;
      brokenStreams += 1;
      later(500);
    });
  }

  // A phone suspends a page in the background and may not report that its stream is closed.
  function onVisible(): void {
    if (document.visibilityState !== 'visible' || current === null) return;
    source?.close();
    source = null;
    later(0);
  }

  document.addEventListener('visibilitychange', onVisible);
  void poll();
  return stop;
}
