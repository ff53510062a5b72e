/** Comments as people read them: in threads, beside what they are about. */

import type { Comment } from './api';

export interface Thread {
  readonly first: Comment;
  readonly answers: readonly Comment[];
}

/** The threads, in the order in which they were begun. */
export function threads(comments: readonly Comment[]): Thread[] {
  const answers = new Map<string, Comment[]>();
  for (const comment of comments) {
    if (comment.parent !== null) answers.set(comment.parent, [...(answers.get(comment.parent) ?? []), comment]);
  }
  return comments
    .filter((comment) => comment.parent === null)
    .map((first) => ({ first, answers: answers.get(first.id) ?? [] }));
}

/** The comments with one that is new or changed. Of one that was removed, the place stays if it has answers. */
export function withComment(comments: readonly Comment[], said: Comment): Comment[] {
  const stays = said.removed_at === null || comments.some((comment) => comment.parent === said.id);
  if (!stays) return comments.filter((comment) => comment.id !== said.id);
  const known = comments.some((comment) => comment.id === said.id);
  return known ? comments.map((comment) => (comment.id === said.id ? said : comment)) : [...comments, said];
}

/** How many open threads each sentence has, by its id. */
export function openBySegment(all: readonly Thread[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { first } of all) {
    if (first.anchor.kind !== 'segment' || first.resolved_at !== null) continue;
    counts.set(first.anchor.segment, (counts.get(first.anchor.segment) ?? 0) + 1);
  }
  return counts;
}

/** Where in the video a comment is, in seconds; null if it is nowhere in it. */
export function timeOf(comment: Comment): number | null {
  return comment.anchor.kind === 'time' || comment.anchor.kind === 'segment' ? comment.anchor.at : null;
}

/** What a comment quotes. */
export function quoteOf(comment: Pick<Comment, 'anchor'>): string {
  return comment.anchor.kind === 'segment' || comment.anchor.kind === 'written' ? comment.anchor.quote : '';
}
