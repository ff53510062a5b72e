/** The written report in passages, as it is compared. */

import type { Comparison } from './api';

/** A passage with its place in the comparison. */
export type Placed = Comparison['written'][number] & { readonly index: number };

/** A paragraph of the written report in passages. */
export type Paragraph = readonly Placed[];

/** The passages, paragraph by paragraph. */
export function paragraphs(written: Comparison['written']): Paragraph[] {
  const found: Paragraph[] = [];
  let open: Paragraph = [];
  for (const [index, passage] of written.entries()) {
    open = [...open, { ...passage, index }];
    if (!passage.text.includes('\n')) continue;
    found.push(open);
    open = [];
  }
  if (open.length > 0) found.push(open);
  return found;
}
