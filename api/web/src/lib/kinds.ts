/** What reports are about. */

import type { ReportKind } from './api';

/** The kinds of this version; the server's list counts, once it is here. */
export const KINDS: readonly ReportKind[] = [
  'motive',
  'understanding',
  'study',
  'activity',
  'oath',
  'meeting',
  'other',
];
