/** What the server tells of a report bit by bit, put together. */

import type { Report, Segment, Transcript } from './api';
import type { ReportUpdate } from './openapi';

/** Segments in which some are other now, or gone: in the order in which the server has them. */
export function withSegments(
  segments: readonly Segment[],
  changed: readonly Segment[],
  removed: readonly number[],
): Segment[] {
  const old = new Set([...removed, ...changed.map((segment) => segment.id)]);
  const all = [...segments.filter((segment) => !old.has(segment.id)), ...changed];
  return all.sort((one, other) => one.start - other.start || one.end - other.end || one.id - other.id);
}

/** A transcript with other segments. */
export function withText(transcript: Transcript, segments: readonly Segment[]): Transcript {
  return { ...transcript, segments, text: segments.map((segment) => segment.text).join('\n') };
}

/** The report after an update; null if it is not one of this report's transcript. */
export function updated(report: Report, update: ReportUpdate): Report | null {
  const fields = { ...report, ...(update.fields as Partial<Report>), transcript: report.transcript };
  if (update.transcript === null) return fields;
  if (report.transcript === null) return null;
  const { changed, removed, ...rest } = update.transcript;
  const segments = withSegments(report.transcript.segments, changed, removed);
  return { ...fields, transcript: withText({ ...report.transcript, ...rest }, segments) };
}
