// What the mock server serves: an invented report.

const lines = [
  ['敬爱的党组织，我是经济学院二〇二四级的学生李明，现在向组织汇报近一个季度以来的思想和学习情况。', 0.93],
  ['这段时间，我认真学习了党的二十届四中全会精神，结合专业课程，对高质量发展有了更深的理解。', 0.91],
  ['以前我觉得发展就是数字的增长，后来在调研中看到，老百姓关心的是看病、上学这些具体的事情。', 0.88],
  ['十月份，我参加了学院组织的社区志愿服务，负责给老人讲解手机的使用方法。', 0.52],
  ['', null, ['unclear']],
  ['有一位七十多岁的爷爷，连着来了三个下午，就是想学会和在外地工作的孙女视频通话。', 0.9],
  ['他学会的那一刻，我真正体会到，为人民服务不是一句口号，而是一件一件的小事。', 0.94],
  ['在学习方面，我的英语阅读进步比较慢，时间安排也不够合理。', 0.58],
  ['对照党员的标准，我还有不少差距：遇到困难有时会急躁，主动和同学交流思想也不够。', 0.89],
  ['主动交流主动交流主动交流主动交流', 0.47, ['repetition']],
  ['下一步，我准备每周读一篇原著，并把读书笔记和支部的同学一起讨论。', 0.92],
  ['以上是我的汇报，请党组织批评指正，我会继续努力，接受组织的考验。', 0.95],
  ['字幕由志愿者提供', 0.41, ['known_phantom']],
];

export const segments = lines.map(([text, confidence, flags = []], index) => ({
  id: index + 1, start: index * 4.9 + 0.4, end: index * 4.9 + 5.1, text, confidence, words: [], flags,
}));

export const writtenText = `思想汇报

敬爱的党组织：

近一个季度以来，我认真学习了党的二十届四中全会精神，结合经济学的专业课程，对高质量发展有了更深的理解。

十月份，我参加了学院组织的社区志愿服务，给老人讲解手机的使用方法。一位七十多岁的爷爷连着来了三个下午，只为学会和在外地工作的孙女视频通话。我体会到，为人民服务是一件一件的小事。

对照党员的标准，我还有不少差距：遇到困难有时会急躁，和同学交流思想不够主动。下一步，我准备每周读一篇原著，并和支部的同学讨论。

请党组织批评指正。

汇报人：李明`;

export const failureMessages = {
  not_media: {
    zh: '这个文件不是可以播放的视频（也可能是空文件）。请重新选择手机里录制的原视频再上传。',
    en: 'This file is not a playable video (or it is empty). Please choose the original recording and upload it again.',
  },
  child_crashed: {
    zh: '处理程序意外退出，系统会自动重试；如果仍然失败，请联系管理员。',
    en: 'A processing step stopped unexpectedly. It will be tried again; if it keeps failing, please tell the operator.',
  },
  disk_full: {
    zh: '磁盘空间不足。请管理员清理磁盘后重试；已上传的内容没有丢失。',
    en: 'The disk is full. The operator should free some space and try again; nothing that was uploaded is lost.',
  },
};
