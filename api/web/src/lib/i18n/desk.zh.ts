/** The desk: correcting, commenting, deciding. */

import type { DeskAction } from '../keys';
import type { SaveState } from '../editor.svelte';
import type { Verdict } from '../api';

export interface DeskDictionary {
  edit: string;
  editSentence: string;
  editHint: string;
  saveState: Record<SaveState, string>;
  notSaved: string;
  conflict: string;
  conflictGone: string;
  keepMine: string;
  takeTheirs: string;
  leaveOut: string;
  object: string;
  commentOn: string;
  comments: string;
  newComment: string;
  noComments: string;
  noCommentsForAuthor: string;
  aboutReport: string;
  aboutTime: (time: string) => string;
  aboutSentence: (quote: string) => string;
  aboutOwnSentence: (quote: string) => string;
  aboutPassage: (quote: string) => string;
  shared: string;
  seenByAuthor: string;
  privateOnly: string;
  byAuthor: string;
  somebody: string;
  edited: string;
  removed: string;
  change: string;
  save: string;
  remove: string;
  confirmRemove: string;
  answer: string;
  send: string;
  resolve: string;
  resolved: string;
  reopenComment: string;
  settled: (count: number) => string;
  earlierSubmission: string;
  commentPassage: string;
  commentPassageHint: string;
  decision: string;
  verdicts: Record<Verdict, string>;
  decidedAbout: (submission: number, version: number) => string;
  stale: string;
  earlierDecisions: (count: number) => string;
  decide: string;
  decideHint: string;
  reasons: string;
  reasonsMissing: string;
  unresolved: (count: number) => string;
  accept: string;
  return: string;
  reopen: string;
  confirmReopen: string;
  history: string;
  noHistory: string;
  tookBack: string;
  takenBack: string;
  undo: string;
  undoOwn: string;
  tools: string;
  speed: string;
  skipSilence: string;
  keys: string;
  queue: string;
  earlier: string;
  later: string;
  place: (place: number, count: number) => string;
  actions: Record<DeskAction, string>;
  whileEditing: string;
  editKeys: readonly (readonly [string, string])[];
  pedals: string;
  compare: string;
  agreements: Record<'written' | 'said', Record<'otherwise' | 'only' | 'moved', string>> & { legend: string };
  toWritten: string;
  waveform: string;
  replaceBy: string;
  replace: string;
  replaceAll: (count: number) => string;
}

export const deskZh: DeskDictionary = {
  edit: '修改这一句',
  editSentence: '修改文字',
  editHint: 'Enter 下一句，Shift+Enter 拆分',
  saveState: {
    saved: '已保存',
    waiting: '正在输入……',
    saving: '正在保存……',
    failed: '未保存',
    conflict: '有冲突',
  },
  notSaved: '还没有保存，已留在这台设备上，会自动重试。',
  conflict: '别人刚刚改了这一句，两个版本都保留着。对方的文字是：',
  conflictGone: '（对方删去了这一句）',
  keepMine: '用我的',
  takeTheirs: '用对方的',
  leaveOut: '删去这一句',
  object: '这不是我说的',
  commentOn: '对这一句留言',
  comments: '留言',
  newComment: '写留言',
  noComments: '还没有留言。可以对整份汇报、视频中的某一刻或某一句话留言。',
  noCommentsForAuthor: '还没有留言。如果哪一句不是你说的，可以在那一句旁边说明。',
  aboutReport: '对整份汇报',
  aboutTime: (time) => `对视频 ${time} 处`,
  aboutSentence: (quote) => `对这一句：“${quote}”`,
  aboutOwnSentence: (quote) => `这不是我说的：“${quote}”。我说的是：`,
  aboutPassage: (quote) => `对书面汇报中的：“${quote}”`,
  shared: '汇报人可以看到',
  seenByAuthor: '汇报人可见',
  privateOnly: '仅审阅人可见',
  byAuthor: '汇报人',
  somebody: '（未知）',
  edited: '已编辑',
  removed: '（已删除）',
  change: '编辑',
  save: '保存',
  remove: '删除',
  confirmRemove: '删除这条留言？',
  answer: '回复',
  send: '发送',
  resolve: '标为已解决',
  resolved: '已解决',
  reopenComment: '重新打开',
  settled: (count) => `已解决的留言（${count}）`,
  earlierSubmission: '针对以前提交的版本',
  commentPassage: '对选中的文字留言',
  commentPassageHint: '先在书面汇报中选中一段文字',
  decision: '审阅结论',
  verdicts: { accept: '通过', return: '退回', reopen: '重新审阅' },
  decidedAbout: (submission, version) => `依据第 ${submission} 次提交、文字第 ${version} 版`,
  stale: '作出结论之后，文字又有改动。',
  earlierDecisions: (count) => `以前的结论（${count}）`,
  decide: '作出结论',
  decideHint: '结论以你现在看到的文字为准，并记录你的姓名。',
  reasons: '理由（汇报人会看到；退回时必填）',
  reasonsMissing: '退回时请写明理由，让汇报人知道怎么改。',
  unresolved: (count) => `还有 ${count} 条留言没有解决。`,
  accept: '通过',
  return: '退回',
  reopen: '重新审阅',
  confirmReopen: '撤销现在的结论，重新审阅？',
  history: '修改记录',
  noHistory: '还没有人修改过文字。',
  tookBack: '撤销了一次修改',
  takenBack: '已撤销',
  undo: '撤销',
  undoOwn: '撤销我的修改',
  tools: '播放和修改',
  speed: '速度',
  skipSilence: '跳过静默',
  keys: '快捷键',
  queue: '列表中的汇报',
  earlier: '上一份',
  later: '下一份',
  place: (place, count) => `${place} / ${count}`,
  actions: {
    toggle: '播放或暂停',
    back: '后退 5 秒',
    forward: '前进 5 秒',
    previous: '上一句',
    next: '下一句',
    edit: '修改正在播放的一句',
    comment: '对正在播放的一句留言',
    undo: '撤销我的上一次修改',
    slower: '放慢',
    faster: '加快',
    silence: '跳过静默',
    search: '在文字中查找',
    earlier: '上一份汇报',
    later: '下一份汇报',
    help: '显示快捷键',
  },
  whileEditing: '修改文字时',
  editKeys: [
    ['Enter', '保存并到下一句'],
    ['Shift+Enter', '在光标处拆成两句'],
    ['Backspace', '在句首：与上一句合并'],
    ['Ctrl+Space', '播放或暂停'],
    ['Esc', '结束修改'],
  ],
  pedals: '脚踏板发出的 F7、F8、F9 在修改文字时同样有效。',
  compare: '标出与口述不同之处',
  agreements: {
    legend: '标记的含义',
    written: { otherwise: '口述时说法不同', only: '写了，没有说', moved: '在别处说的，点击跳转' },
    said: { otherwise: '书面汇报中写法不同', only: '说了，没有写', moved: '写在别处，点击跳转' },
  },
  toWritten: '跳到书面汇报中的这一处',
  waveform: '声音的起伏：有底色处有人说话，点击跳转',
  replaceBy: '替换为',
  replace: '替换',
  replaceAll: (count) => `全部替换（${count}）`,
};
