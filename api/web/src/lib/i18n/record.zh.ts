/** Recording in the page. */

import type { Loudness } from '../record/level';
import type { Obstacle } from '../record/obstacles';

export interface RecordDictionary {
  begin: string;
  or: string;
  heading: string;
  fileName: string;
  asking: string;
  tryVoice: string;
  keepOpen: string;
  start: string;
  countdown: (seconds: number) => string;
  pause: string;
  resume: string;
  stop: string;
  recording: string;
  paused: string;
  saving: string;
  interrupted: string;
  ended: string;
  left: (seconds: number) => string;
  notKept: string;
  offline: string;
  sent: (sent: string, all: string) => string;
  level: string;
  loudness: Record<Exclude<Loudness, 'fine'>, string>;
  look: string;
  use: string;
  retake: string;
  confirmRetake: string;
  again: string;
  prompter: string;
  noText: string;
  speed: string;
  perMinute: (speed: number) => string;
  smaller: string;
  larger: string;
  obstacle: Record<Obstacle, { what: string; steps: readonly string[] }>;
  phoneCamera: string;
  /** How long a recording is. */
  length: (minutes: number, seconds: number) => string;
  offer: (length: string) => string;
  offerWhere: string;
  openDraft: string;
  discard: string;
  confirmDiscard: string;
  sending: (share: string) => string;
  allSent: string;
  waiting: string;
  remove: string;
}

const PHONE = '用手机自带的相机录好，再回到这里选择视频文件。';

export const recordZh: RecordDictionary = {
  begin: '在网页里录',
  or: '还没有录？',
  heading: '录视频',
  fileName: '录像',
  asking: '请在浏览器的提示里允许使用摄像头和麦克风。',
  tryVoice: '说几句话试试，看声音条会不会动。',
  keepOpen: '录的时候不要锁屏，也不要切换到别的应用。',
  start: '开始录',
  countdown: (seconds) => `${seconds} 秒后开始`,
  pause: '暂停',
  resume: '继续录',
  stop: '录完了',
  recording: '正在录',
  paused: '已暂停',
  saving: '正在保存…',
  interrupted: '刚才切换了应用或者有来电，录像已自动暂停。',
  ended: '摄像头或麦克风断开了，录像到此为止。已经录好的都在。',
  left: (seconds) => `还能录 ${seconds} 秒，到时会自动停止。`,
  notKept: '这台设备的存储空间不够，录像没有备份。交完之前请不要关闭本页。',
  offline: '网络断了，不影响录像，恢复后会自动接着上传。',
  sent: (sent, all) => `已上传 ${sent} / ${all}`,
  level: '音量',
  loudness: {
    silent: '听不到声音，请检查麦克风，或离手机近一点。',
    noisy: '周围太吵，请换个安静的地方。',
    clipped: '声音太大，会失真，请离麦克风远一点。',
  },
  look: '看看录得怎么样',
  use: '用这段',
  retake: '重录',
  confirmRetake: '这一段会删除，不能恢复。',
  again: '再试一次',
  prompter: '提词',
  noText: '想看着稿子说，请先在表单的“书面汇报”里选“直接填写”，填好文字再来录。',
  speed: '提词速度',
  perMinute: (speed) => `${speed} 字/分`,
  smaller: '提词字号小一点',
  larger: '提词字号大一点',
  obstacle: {
    insecure: {
      what: '这个网址不是 https 开头，浏览器不允许使用摄像头。',
      steps: [PHONE, '或者请管理员为网站启用 https。'],
    },
    wechat: {
      what: '微信里不能录。',
      steps: ['点右上角的“…”，选“在浏览器打开”，再来录。', PHONE],
    },
    unsupported: {
      what: '这个浏览器不能录视频。',
      steps: ['换用新版的 Chrome、Edge 或 Safari。', PHONE],
    },
    denied: {
      what: '没有得到使用摄像头和麦克风的许可。',
      steps: ['点地址栏旁的图标，允许摄像头和麦克风，然后点“再试一次”。手机上还要在系统设置里允许浏览器使用。', PHONE],
    },
    missing: {
      what: '没有找到摄像头或麦克风。',
      steps: ['接好摄像头和麦克风，然后点“再试一次”。', PHONE],
    },
    busy: {
      what: '摄像头或麦克风正被别的程序占用。',
      steps: ['关掉正在使用它的程序（比如视频会议），然后点“再试一次”。', PHONE],
    },
    failed: { what: '录像没有成功开始。', steps: ['请再试一次。', PHONE] },
  },
  phoneCamera: '用手机相机录',
  length: (minutes, seconds) => (minutes === 0 ? `${seconds} 秒` : `${minutes} 分 ${seconds} 秒`),
  offer: (length) => `你有一段没有交完的录像（${length}）`,
  offerWhere: '它保存在这台设备的浏览器里，交上之后会自动清除。',
  openDraft: '打开这份草稿',
  discard: '丢弃',
  confirmDiscard: '这段录像会删除，不能恢复。',
  sending: (share) => `正在上传 ${share}`,
  allSent: '已上传',
  waiting: '等待网络',
  remove: '移除录像',
};
