/** The written report in passages, as it is compared. */

import type { Comparison } from './api';

/** A paragraph of the written report in passages. */
export type Paragraph = Comparison['written'];

/** The passages, paragraph by paragraph. */
export function paragraphs(written: Comparison['written']): Paragraph[] {
  const found: Paragraph[] = [];
  let open: Paragraph = [];
  for (const passage of written) {
    open = [...open, passage];
    if (!passage.text.includes('\n')) continue;
    found.push(open);
    open = [];
  }
  if (open.length > 0) found.push(open);
  return found;
}
