/** Good examples, in Chinese. */

export const examplesZh = {
  heading: '优秀范例',
  intro: '经作者同意、由审阅人公布的汇报，供本支部及下级支部的同志参考。',
  none: '还没有公布的范例。',
  link: '看看优秀范例',
  back: '返回范例列表',
  published: (by: string, when: string) => `${by} 于 ${when} 公布`,
  consent: '我同意把这份汇报作为优秀范例，在本支部及下级支部公布（视频、文字稿和书面汇报；不含留言、结论和理由）。',
  consentHint: '可以随时取消，取消后立即撤下。',
  agreed: '作者同意作为范例公布。',
  notShown: '还没有公布。',
  shown: (by: string, when: string) => `${by} 于 ${when} 公布为范例。`,
  see: '查看范例页',
  publish: '公布为范例',
  confirmPublish: '本支部及下级支部的所有人都能看到，确定公布吗？',
  withdraw: '撤下范例',
  confirmWithdraw: '撤下后别人立即看不到，确定吗？',
};

export type ExamplesDictionary = typeof examplesZh;
