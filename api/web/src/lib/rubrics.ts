/** Rubrics: what branches ask their reviewers. */

import type { Answer, Report, ReportKind, Rubric } from './api';

/** Whether a branch is another one, or lies below it. */
export function isBelow(branch: string, of: string): boolean {
  return of === '/' || branch === of || branch.startsWith(`${of}/`);
}

/** What a branch itself asks about reports of a kind. */
export function ownRubric(rubrics: readonly Rubric[], branch: string, kind: ReportKind): Rubric | undefined {
  return rubrics.find((one) => one.branch === branch && one.kind === kind);
}

/** What holds for a branch that asks nothing itself: of the branches above it, the nearest that asks something. */
export function above(rubrics: readonly Rubric[], branch: string, kind: ReportKind): Rubric | undefined {
  const all = rubrics.filter(
    (one) => one.kind === kind && one.branch !== branch && isBelow(branch, one.branch) && one.questions.length > 0,
  );
  return all.sort((one, other) => other.branch.length - one.branch.length)[0];
}

/** The questions of a text: one on each line, each once. */
export function questionsIn(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== ''))];
}

/** The questions of a report with an answer of one's own that is new or changed. */
export function withAnswer(questions: Report['questions'], id: string, answer: Answer): Report['questions'] {
  const whole = (one: Answer) => one.text !== '' && one.evidence.length > 0;
  return questions.map((asked) => {
    if (asked.id !== id) return asked;
    const own = asked.answers.find((one) => one.own);
    if (own !== undefined && own.revision >= answer.revision) return asked;
    const answers = [...asked.answers.filter((one) => !one.own), answer];
    return { ...asked, answers, open: !answers.some(whole) };
  });
}
