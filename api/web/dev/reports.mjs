// Reports of the mock server: some that are there from the start, and those that are handed in, which are
// played through their stages.

import { createHash, randomUUID } from 'node:crypto';
import { body, json, problem } from './http.mjs';
import { failureMessages, segments, writtenText } from './sample.mjs';
import { addUpload, take, uploadsOf, uploadView } from './uploads.mjs';

const stepMs = Number(process.env.STEP_MS ?? 250);
const reports = new Map();
const listeners = new Map();
const BRANCH = '/经济学院/学生第三党支部';

function makeReport(id, fields = {}) {
  const report = {
    id, title: '第四季度思想汇报', speaker: '', author: '李明', branch: BRANCH, kind: 'understanding', period: '2026Q4',
    written_text: '', language: 'zh', state: 'submitted',
    created_at: new Date().toISOString(), duration_seconds: null, poster_url: null,
    submission: { id: randomUUID(), version: 1 },
    video: { file_name: 'VID_20261118_204512.mp4', size_bytes: 48_213_004 },
    written: null, pages: [], media: null, partial: [], transcript: null, failure: null, stages: freshStages(),
    links: {
      video: null, original: '/media/sample.mp4', poster: null, written: null,
      vtt: null, srt: null, txt: null, json: null,
    },
    ...fields,
  };
  if (report.written) report.links.written = `/files/${id}/written`;
  reports.set(id, report);
  return report;
}

function freshStages() {
  return ['ingest', 'transcode', 'transcribe', 'archive'].map((stage) => ({
    stage, state: stage === 'ingest' ? 'queued' : 'waiting', progress: 0, attempt: 0,
    started_at: null, finished_at: null, work_seconds: null, error: null,
  }));
}

function makeDraft(id, fields) {
  return makeReport(id, {
    ...fields, state: 'draft', submission: null, video: null, stages: [],
    links: { video: null, original: null, poster: null, written: null, vtt: null, srt: null, txt: null, json: null },
  });
}

function set(report, stage, state, progress) {
  Object.assign(report.stages[stage], { state, progress, attempt: Math.max(report.stages[stage].attempt, 1) });
}

function inspected(report) {
  set(report, 0, 'done', 1);
  report.media = {
    duration_seconds: 64, width: 720, height: 1280, video_codec: 'h264', audio_codec: 'aac',
    rotation_degrees: 90, remuxed: null,
  };
  report.duration_seconds = 64;
  report.poster_url = report.links.poster = '/media/poster.jpg';
}

function transcoded(report) {
  set(report, 1, 'done', 1);
  report.media.remuxed = true;
  report.links.video = '/media/sample.mp4';
}

function transcribed(report, silent = false) {
  set(report, 2, 'done', 1);
  const list = silent ? [] : segments;
  report.partial = [];
  report.transcript = {
    language: 'zh', model: 'ggml-base-q8_0', no_speech: silent, segments: list,
    text: list.map((s) => s.text).join('\n'),
  };
  for (const kind of ['vtt', 'srt', 'txt', 'json']) report.links[kind] = `/files/${report.id}/transcript.${kind}`;
}

function archived(report) {
  set(report, 3, 'done', 1);
  report.state = 'ready';
}

function failed(report, stage, code) {
  set(report, stage, 'dead', 0);
  report.stages[stage].error = { code, message: '' };
  report.failure = report.stages[stage].error;
  report.state = 'failed';
}

/** Plays a report through its stages, one step at a time. */
function play(report, bad) {
  let step = 0;
  const timer = setInterval(() => {
    if (report.state === 'withdrawn') return clearInterval(timer);
    step += 1;
    report.state = 'processing';
    if (step < 8) set(report, 0, 'running', step / 8);
    else if (bad) failed(report, 0, 'not_media');
    else if (step === 8) inspected(report);
    else if (step < 40) {
      set(report, 1, 'running', (step - 8) / 32);
      set(report, 2, 'running', (step - 8) / 64);
    } else if (step === 40) transcoded(report);
    else if (step < 72) set(report, 2, 'running', (step - 8) / 64);
    else if (step === 72) transcribed(report);
    else if (step < 80) set(report, 3, 'running', (step - 72) / 8);
    else archived(report);
    if (report.stages[2].state === 'running') {
      report.partial = segments.slice(0, Math.floor(segments.length * report.stages[2].progress));
    }
    changed(report);
    if (report.state === 'ready' || report.state === 'failed') clearInterval(timer);
  }, stepMs);
}

function changed(report) {
  for (const send of listeners.get(report.id) ?? []) send();
}

const written = { file_name: '第四季度思想汇报.docx', size_bytes: 18_402, text: writtenText, no_text_layer: false };
const hoursAgo = (n) => new Date(Date.now() - n * 3_600_000).toISOString();
const whole = (report, silent) => {
  inspected(report), transcoded(report), transcribed(report, silent), archived(report);
  return report;
};

whole(makeReport('silent', { title: '入党动机汇报', kind: 'motive', period: '2026Q3', author: '赵晓东', created_at: hoursAgo(50) }), true);
failed(makeReport('broken', { title: '', kind: 'activity', created_at: hoursAgo(30) }), 0, 'not_media');
const crashed = makeReport('crashed', { title: '参加社会实践活动的体会与思考：在社区志愿服务中认识人民群众', kind: 'activity', created_at: hoursAgo(28) });
inspected(crashed), transcribed(crashed), failed(crashed, 1, 'child_crashed');
whole(makeReport('old', { title: '最早的汇报', author: null, branch: '/', kind: 'other', period: '', speaker: '孙强', created_at: hoursAgo(9000) }));
Object.assign(whole(makeReport('returned', { title: '理论学习体会', kind: 'study', created_at: hoursAgo(26) })), { state: 'returned' });
Object.assign(whole(makeReport('accepted', { title: '', kind: 'motive', period: '2026Q3', created_at: hoursAgo(1500) })), { state: 'accepted' });
Object.assign(whole(makeReport('reviewed', { title: '', kind: 'meeting', period: '2026Q3', created_at: hoursAgo(1400) })), { state: 'in_review' });
Object.assign(whole(makeReport('withdrawn', { title: '发错的一份', created_at: hoursAgo(40) })), { state: 'withdrawn' });
whole(makeReport('ready', { written, created_at: hoursAgo(3) }));
whole(makeReport('plain', { title: '学习二十大精神的体会', kind: 'study', author: '周婷', created_at: hoursAgo(2) }));
const busy = makeReport('busy', { title: '理论学习汇报', kind: 'study', created_at: hoursAgo(0.1), written });
busy.state = 'processing';
inspected(busy), set(busy, 1, 'running', 0.34), set(busy, 2, 'running', 0.46);
busy.partial = segments.slice(0, 5);
makeDraft('draft', { title: '', kind: 'motive', written_text: '', created_at: hoursAgo(1) });
addUpload('draft', 'video', 'VID_20261126_211530.mp4', 214_880_112, 90_249_647);
addUpload('draft', 'written', '入党动机.docx', 18_402, 18_402);

/** Whether the author can change the report and hand it in. */
function isOpen(report) {
  return ['draft', 'returned', 'withdrawn', 'failed'].includes(report.state);
}

function localized(report, lang, person) {
  const stages = report.stages.map((stage) =>
    stage.error ? { ...stage, error: { ...stage.error, message: failureMessages[stage.error.code][lang] } } : stage);
  const own = report.author === person.display_name;
  return { ...report, stages, own, open: own && isOpen(report), uploads: uploadsOf(report.id).map(uploadView) };
}

/** Of what the author writes. */
function etag(report) {
  const seen = JSON.stringify(FIELDS.map((field) => report[field]));
  return `"${createHash('sha256').update(seen).digest('hex').slice(0, 16)}"`;
}

const answer = (response, status, report, lang, person, headers = {}) =>
  json(response, status, { id: report.id, report: localized(report, lang, person) }, { etag: etag(report), ...headers });

function events(response, report, lang, person) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const all = listeners.get(report.id) ?? new Set();
  listeners.set(report.id, all);
  const send = () => {
    response.write(`event: report\ndata: ${JSON.stringify(localized(report, lang, person))}\n\n`);
    if (report.state !== 'submitted' && report.state !== 'processing') response.end();
  };
  all.add(send);
  response.on('close', () => all.delete(send));
  send();
}

const FIELDS = ['title', 'kind', 'period', 'language', 'written_text'];
const pick = (from) => Object.fromEntries(FIELDS.filter((key) => key in from).map((key) => [key, from[key]]));

async function create(request, response, lang, person) {
  const fields = await body(request);
  if (fields === null) return;
  if (fields.title === '503') return problem(response, 503, 'disk_full', failureMessages.disk_full[lang]);
  const branches = person.grants.filter((grant) => grant.role === 'activist').map((grant) => grant.branch);
  if (branches.length === 0) return problem(response, 403, 'forbidden');
  const report = makeDraft(randomUUID(), { ...pick(fields), author: person.display_name, branch: fields.branch ?? branches[0] });
  answer(response, 201, report, lang, person, { location: `/api/v1/reports/${report.id}` });
}

async function change(request, response, lang, report, person) {
  const fields = await body(request);
  if (fields === null) return;
  if (!isOpen(report)) return problem(response, 409, 'not_a_draft');
  if (request.headers['if-match'] !== etag(report)) return problem(response, 412, 'outdated');
  Object.assign(report, pick(fields));
  answer(response, 200, report, lang, person);
}

function submit(response, lang, report, person) {
  if (!isOpen(report)) return problem(response, 409, 'not_a_draft');
  if (!uploadsOf(report.id).some((one) => one.role === 'video' && one.offset === one.length)) {
    return problem(response, 422, 'missing_video', lang === 'zh' ? '还没有上传视频。' : 'There is no video yet.');
  }
  const files = take(report.id);
  const text = report.written_text || (files.written ? writtenText : null);
  Object.assign(report, {
    state: 'submitted', failure: null, transcript: null, media: null, partial: [], stages: freshStages(),
    submission: { id: randomUUID(), version: (report.submission?.version ?? 0) + 1 },
    video: { file_name: files.video.filename, size_bytes: files.video.length },
    written: text === null ? null
      : { file_name: files.written?.filename ?? 'written.txt', size_bytes: files.written?.length ?? text.length, text, no_text_layer: false },
  });
  Object.assign(report.links, { original: '/media/sample.mp4', video: null, written: text === null ? null : `/files/${report.id}/written` });
  answer(response, 202, report, lang, person);
  play(report, !files.video.head.includes('ftyp'));
}

/** An author sees their own, a reviewer those that are handed in, an operator none. */
function sees(person, report) {
  if (report.author === person.display_name) return true;
  const open = report.state !== 'draft' && report.state !== 'withdrawn';
  return open && person.grants.some((grant) => grant.role === 'reviewer');
}

/** Whether somebody may send a file for a report. */
export const mayUpload = (person) => (id) => reports.get(id)?.author === person.display_name;

export function handle(request, response, path, lang, person) {
  const { method } = request;
  const [, , id, action] = path.split('/');
  if (id === undefined && method === 'POST') return create(request, response, lang, person);
  if (id === undefined) {
    const list = [...reports.values()].filter((report) => sees(person, report));
    list.sort((a, b) => b.created_at.localeCompare(a.created_at));
    return json(response, 200, { reports: list, next: null });
  }
  const report = reports.get(id);
  if (!report || !sees(person, report)) {
    return problem(response, 404, 'not_found', lang === 'zh' ? '没有找到这份汇报。' : 'There is no such report.');
  }
  if (action === 'events') return events(response, report, lang, person);
  if (action === undefined && method === 'GET') return answer(response, 200, report, lang, person);
  if (report.author !== person.display_name) return problem(response, 403, 'forbidden');
  if (method === 'DELETE') {
    if (report.state !== 'draft') return problem(response, 409, 'not_a_draft');
    reports.delete(report.id);
    response.writeHead(204).end();
    return undefined;
  }
  if (method === 'PATCH') return change(request, response, lang, report, person);
  if (action === 'submit') return submit(response, lang, report, person);
  if (action === 'withdraw') {
    report.state = 'withdrawn';
    changed(report);
    return answer(response, 200, report, lang, person);
  }
  return problem(response, 404, 'not_found');
}
