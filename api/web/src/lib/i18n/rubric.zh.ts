/** What branches ask their reviewers, in Chinese. */

export const rubricZh = {
  heading: '评阅问题',
  hint: '逐条作答并注明依据（视频时间、句子或书面段落）。不打分。作出决定后，作者才能看到。',
  decided: '作出决定时的回答，不再更改。',
  open: (count: number) => `还有 ${count} 个问题没有附依据的回答；不影响作出决定。`,
  openAtDecision: (count: number) => `决定时有 ${count} 个问题未作答`,
  retired: '这个问题现在已不再提出。',
  evidence: '依据',
  removeEvidence: (number: number) => `移除第 ${number} 条依据`,
  answerTo: (question: string) => `回答：${question}`,
  addMoment: '以当前句子为依据',
  addPassage: '以选中的书面段落为依据',
  conflict: '你在另一个页面改过这条回答，两份都保留着。那边写的是：',
  page: '评阅问题设置',
  intro: '为每类汇报列出审阅人要回答的问题。下级支部沿用，除非另有设置。改动不影响已经写下的回答。',
  branch: '支部',
  kind: '汇报类别',
  questions: '问题（每行一个）',
  inherited: (branch: string) => `现在沿用“${branch}”的问题。留空即继续沿用。`,
  none: '上级支部没有设置问题。',
  limits: '最多 30 个问题，每个不超过 500 字，不能重复。',
  save: '保存',
  saved: '已保存。',
  all: '全部',
};

export type RubricDictionary = typeof rubricZh;
