import type { RubricDictionary } from './rubric.zh';

export const rubricEn: RubricDictionary = {
  heading: 'Questions',
  hint: 'Answer each with evidence: a moment, a sentence or a written passage. There are no scores. The author sees the answers once it is decided.',
  decided: 'The answers as they were when it was decided.',
  open: (count) =>
    `${count === 1 ? 'One question has' : `${count} questions have`} no answer with evidence yet; you can decide all the same.`,
  openAtDecision: (count) => `${count === 1 ? 'one question' : `${count} questions`} not answered`,
  retired: 'This question is not asked any more.',
  evidence: 'Evidence',
  removeEvidence: (number) => `Remove evidence ${number}`,
  answerTo: (question) => `Answer: ${question}`,
  addMoment: 'Add the current sentence',
  addPassage: 'Add the selected written passage',
  conflict: 'You have changed this answer on another page. Both are kept. The other one is:',
  page: 'Questions to reviewers',
  intro: 'What reviewers answer about each kind of report. Branches below are asked the same, unless they have their own. What was answered stays as it is.',
  branch: 'Branch',
  kind: 'Kind of report',
  questions: 'Questions, one on each line',
  inherited: (branch) => `The questions of “${branch}” hold now. Leave this empty to keep it so.`,
  none: 'No branch above asks anything.',
  limits: 'At most 30 questions of at most 500 characters, each only once.',
  save: 'Save',
  saved: 'Saved.',
  all: 'Everybody',
};
