/** Texts of the search page. */

export const searchZh = {
  heading: '搜索',
  link: '搜索汇报',
  intro: '在您能看到的全部汇报中查找：说过的话、书面汇报、标题和姓名。',
  words: '要找的词',
  placeholder: '例如：红船精神　李晓明',
  submit: '搜索',
  where: '范围',
  sources: { '': '全部', spoken: '说过的话', written: '书面汇报', about: '标题和姓名' } as Record<string, string>,
  none: '没有找到。',
  noneHint: '多个词之间用空格隔开，每个词都要出现。换一种说法、少写几个字，或放宽筛选条件试试。',
  tooMany: '请输入要找的词，最多 100 个字。',
  more: '更多结果',
  moreSentences: (count: number) => `还有 ${count} 处`,
  waiting: (count: number) => `${count} 份汇报刚有改动，稍后才能搜到最新内容。`,
};

export type SearchDictionary = typeof searchZh;
