/** Checks of a chosen file before it is sent. */

import type { Info } from './api';

/** The documents that the server reads. */
const DOCUMENT_ENDINGS = ['.docx', '.doc', '.wps', '.pdf', '.odt', '.rtf', '.txt', '.md'];

/** Photos of pages that the server reads. */
const PHOTO_ENDINGS = ['.jpg', '.jpeg', '.png', '.heic', '.heif', '.webp'];

/** For the file picker. Some phones support only MIME types and disable everything else. */
export const WRITTEN_ACCEPT = [
  ...DOCUMENT_ENDINGS,
  ...PHOTO_ENDINGS,
  'image/*',
  'text/plain',
  'text/markdown',
  'application/pdf',
  'application/rtf',
  'application/msword',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.oasis.opendocument.text',
].join(',');

const VIDEO_ENDINGS =
  /\.(mp4|m4v|mov|qt|3gp|3g2|mkv|webm|avi|mpg|mpeg|ts|mts|m2ts|flv|wmv|ogv)$/i;

export type FileProblem =
  | { kind: 'empty' }
  | { kind: 'not_video' }
  | { kind: 'not_written' }
  | { kind: 'too_large'; size: number; limit: number }
  | { kind: 'too_long'; seconds: number; limit: number };

export function videoProblem(
  file: File,
  seconds: number | null,
  info: Info | null,
): FileProblem | null {
  if (file.size === 0) return { kind: 'empty' };
  // A file manager may give no type, so the extension counts too. The server checks the content.
  if (!file.type.startsWith('video/') && !VIDEO_ENDINGS.test(file.name)) {
    return { kind: 'not_video' };
  }
  if (info === null) return null;
  const { max_video_bytes, max_duration_seconds } = info.limits;
  if (file.size > max_video_bytes) {
    return { kind: 'too_large', size: file.size, limit: max_video_bytes };
  }
  // One second of tolerance: browsers and the server round differently, and the server decides.
  if (seconds !== null && seconds > max_duration_seconds + 1) {
    return { kind: 'too_long', seconds, limit: max_duration_seconds };
  }
  return null;
}

const endsIn = (file: File, endings: string[]): boolean => {
  const name = file.name.toLowerCase();
  return endings.some((ending) => name.endsWith(ending));
};

/** Whether a file is a photo of a page. */
export function isPhoto(file: File): boolean {
  return endsIn(file, PHOTO_ENDINGS);
}

export function isWritten(file: File): boolean {
  return isPhoto(file) || endsIn(file, DOCUMENT_ENDINGS);
}

export function writtenProblem(file: File, info: Info | null): FileProblem | null {
  if (!isWritten(file)) return { kind: 'not_written' };
  if (file.size === 0) return { kind: 'empty' };
  if (info !== null && file.size > info.limits.max_written_bytes) {
    return { kind: 'too_large', size: file.size, limit: info.limits.max_written_bytes };
  }
  return null;
}
