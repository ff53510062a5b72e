/** Searching in all reports: the question as it stands in the address, and the answer. */

import type { Excerpt, Found, SearchResults, TextSource } from './openapi';
import { API, request } from './http';
import { reportHref } from './route';

export type { Excerpt, Found, SearchResults };

/** Where to look. */
export const SOURCES = ['', 'spoken', 'written', 'about'] as const satisfies readonly (TextSource | '')[];

/** What else the server knows to leave out by. */
const FILTERS = ['source', 'kind', 'round', 'branch', 'whose'] as const;

export interface Question {
  readonly words: string;
  readonly source: string;
  readonly kind: string;
  readonly round: string;
  readonly branch: string;
  readonly whose: string;
}

export function questionOf(query: URLSearchParams): Question {
  const of = (name: string) => query.get(name) ?? '';
  const [source, kind, round, branch, whose] = FILTERS.map(of) as [string, string, string, string, string];
  return { words: of('q').trim(), source, kind, round, branch, whose };
}

/** The parameters of the question, those that say something. */
function parameters(question: Question): Record<string, string> {
  const all: Record<string, string> = { q: question.words };
  for (const name of FILTERS) if (question[name] !== '') all[name] = question[name];
  return all;
}

export function searchHref(question: Question): string {
  return `#/search?${new URLSearchParams(parameters(question)).toString()}`;
}

/** Where an excerpt leads: to its second, with its first word looked for there. */
export function excerptHref(report: string, excerpt: Excerpt): string {
  const words = excerpt.parts.find((part) => part.found)?.text ?? '';
  return reportHref(report, { at: excerpt.start_seconds, words });
}

export async function ask(question: Question, before: number | null = null): Promise<SearchResults> {
  const query = parameters(question);
  if (before !== null) query.before = String(before);
  return (await request<SearchResults>(`${API}/search`, { query })).body;
}
