/** How the browser remembers the upload of a file, to go on with it when the file is chosen again. */

import type { UploadRole } from './api';
import { ApiError } from './errors';

const SAMPLE_BYTES = 64 * 1024;

/**
 * The same for the same file of the same report. A phone hands over a copy each time, with another date; so it
 * is told by its name, its size, and how it begins and ends.
 */
export async function fingerprint(reportId: string, role: UploadRole, file: File): Promise<string> {
  const end = Math.max(SAMPLE_BYTES, file.size - SAMPLE_BYTES);
  const sample = new Blob([file.slice(0, SAMPLE_BYTES), file.slice(end)]);
  const bytes = await sample.arrayBuffer().catch(() => {
    // It was moved or deleted since it was chosen.
    throw new ApiError(0, 'unreadable', '');
  });
  return ['huibao', reportId, role, file.name, file.size, fnv1a(new Uint8Array(bytes))].join('-');
}

/** FNV-1a with 32 bits. Nobody gains by a collision: it would only spoil one's own upload. */
function fnv1a(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
