// A stand-in for the API, to work on the pages without the server: `npm run build && npm run mock`.
// Serves dist/ under the real Content-Security-Policy, plays a few reports through their stages, and
// answers Range requests on a sample video. Needs ffmpeg for the sample. Development only.

import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureMessages, segments, writtenText } from './sample.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const port = Number(process.env.PORT ?? 8080);
const stepMs = Number(process.env.STEP_MS ?? 250);
const csp =
  "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; style-src 'self'; script-src 'self'";
const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css',
  '.svg': 'image/svg+xml', '.mp4': 'video/mp4', '.jpg': 'image/jpeg',
};

const folder = mkdtempSync(join(tmpdir(), 'huibao-mock-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
const sample = join(folder, 'sample.mp4');
const poster = join(folder, 'poster.jpg');
const ffmpeg = (...args) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
ffmpeg('-f', 'lavfi', '-i', 'gradients=s=720x1280:c0=0x40566b:c1=0x93a7a0:n=2:d=64:speed=0.01:r=15',
  '-f', 'lavfi', '-i', 'sine=f=220:d=64', '-t', '64', '-c:v', 'libx264', '-preset', 'veryfast',
  '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-movflags', '+faststart', sample);
ffmpeg('-i', sample, '-frames:v', '1', poster);

const reports = new Map();
const listeners = new Map();

function makeReport(id, fields = {}) {
  const report = {
    id, title: '第四季度思想汇报', speaker: '李明', language: 'zh', state: 'submitted',
    created_at: new Date().toISOString(), duration_seconds: null, poster_url: null,
    video: { file_name: 'VID_20261118_204512.mp4', size_bytes: 48_213_004 },
    written: null, media: null, partial: [], transcript: null, failure: null,
    stages: ['ingest', 'transcode', 'transcribe', 'archive'].map((stage) => ({
      stage, state: stage === 'ingest' ? 'queued' : 'waiting', progress: 0, attempt: 0,
      started_at: null, finished_at: null, work_seconds: null, error: null,
    })),
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
function play(report, bad, from = 0) {
  let step = from;
  const timer = setInterval(() => {
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
    for (const send of listeners.get(report.id) ?? []) send();
    if (report.state === 'ready' || report.state === 'failed') clearInterval(timer);
  }, stepMs);
}

const written = { file_name: '第四季度思想汇报.docx', size_bytes: 18_402, text: writtenText, no_text_layer: false };
const hoursAgo = (n) => new Date(Date.now() - n * 3_600_000).toISOString();

const silent = makeReport('silent', { title: '入党动机汇报', speaker: '王芳', created_at: hoursAgo(50) });
inspected(silent), transcoded(silent), transcribed(silent, true), archived(silent);
const broken = makeReport('broken', { title: '', speaker: '', created_at: hoursAgo(30) });
failed(broken, 0, 'not_media');
const crashed = makeReport('crashed', { title: '参加社会实践活动的体会与思考：在社区志愿服务中认识人民群众', speaker: '赵晓东', created_at: hoursAgo(28) });
inspected(crashed), transcribed(crashed), failed(crashed, 1, 'child_crashed');
const ready = makeReport('ready', { written, created_at: hoursAgo(3) });
inspected(ready), transcoded(ready), transcribed(ready), archived(ready);
const plain = makeReport('plain', { title: '学习二十大精神的体会', speaker: '陈静', created_at: hoursAgo(2) });
inspected(plain), transcoded(plain), transcribed(plain), archived(plain);
const busy = makeReport('busy', { title: '理论学习汇报', speaker: '周婷', created_at: hoursAgo(0.1), written });
busy.state = 'processing';
inspected(busy), set(busy, 1, 'running', 0.34), set(busy, 2, 'running', 0.46);
busy.partial = segments.slice(0, 5);

function localized(report, lang) {
  const stages = report.stages.map((stage) =>
    stage.error ? { ...stage, error: { ...stage.error, message: failureMessages[stage.error.code][lang] } } : stage);
  return { ...report, stages };
}

function json(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function problem(response, status, code, message) {
  json(response, status, { error: { code, message } });
}

function file(request, response, path) {
  if (!existsSync(path) || statSync(path).isDirectory()) return response.writeHead(404).end();
  const { size } = statSync(path);
  const headers = { 'content-type': types[extname(path)] ?? 'application/octet-stream', 'accept-ranges': 'bytes' };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!range) {
    response.writeHead(200, { ...headers, 'content-length': size });
    return createReadStream(path).pipe(response);
  }
  const start = Number(range[1]);
  const end = range[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
  response.writeHead(206, { ...headers, 'content-length': end - start + 1, 'content-range': `bytes ${start}-${end}/${size}` });
  return createReadStream(path, { start, end }).pipe(response);
}

function events(response, report, lang) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const all = listeners.get(report.id) ?? new Set();
  listeners.set(report.id, all);
  const send = () => {
    response.write(`event: report\ndata: ${JSON.stringify(localized(report, lang))}\n\n`);
    if (report.state === 'ready' || report.state === 'failed') response.end();
  };
  all.add(send);
  response.on('close', () => all.delete(send));
  send();
}

async function create(request, response, lang) {
  const chunks = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    return; // The upload was cancelled.
  }
  const body = Buffer.concat(chunks);
  const text = body.toString('utf8');
  const field = (name) => new RegExp(`name="${name}"\r\n\r\n([^\r]*)\r\n`).exec(text)?.[1] ?? null;
  const fileName = (name) => new RegExp(`name="${name}"; filename="([^"]*)"`).exec(text)?.[1];
  if (field('title') === '500') return problem(response, 503, 'disk_full', failureMessages.disk_full[lang]);
  const name = fileName('written');
  const report = makeReport(String(Date.now()), {
    title: field('title'), speaker: field('speaker'), language: field('language') ?? 'zh',
    video: { file_name: fileName('video') ?? '', size_bytes: body.length },
    written: name ? { ...written, file_name: name } : null,
  });
  json(response, 201, { report });
  return play(report, !text.includes('ftyp'));
}

function api(request, response, url, lang) {
  const path = url.pathname;
  if (path === '/api/info') {
    return json(response, 200, {
      version: '0.1.0', languages: ['zh', 'auto', 'en', 'ja'],
      limits: { max_video_bytes: 2_000_000_000, max_written_bytes: 20_000_000, max_duration_seconds: 1800 },
    });
  }
  if (path === '/api/reports' && request.method === 'POST') return create(request, response, lang);
  if (path === '/api/reports') {
    const list = [...reports.values()].sort((a, b) => b.created_at.localeCompare(a.created_at));
    return json(response, 200, { reports: list, next: null });
  }
  const report = reports.get(path.split('/')[3]);
  if (!report) return problem(response, 404, 'not_found', lang === 'zh' ? '没有找到这份汇报。' : 'There is no such report.');
  if (path.endsWith('/events')) return events(response, report, lang);
  return json(response, 200, { report: localized(report, lang) });
}

function vtt(response) {
  const time = (s) => new Date(s * 1000).toISOString().slice(11, 23);
  const cues = segments.map((s) => `${time(s.start)} --> ${time(s.end)}\n${s.text}\n`);
  response.writeHead(200, { 'content-type': 'text/vtt; charset=utf-8' }).end(`WEBVTT\n\n${cues.join('\n')}`);
}

createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const lang = url.searchParams.get('lang') === 'en' ? 'en' : 'zh';
  response.setHeader('content-security-policy', csp);
  if (url.pathname.startsWith('/api/')) return api(request, response, url, lang);
  if (url.pathname.startsWith('/media/')) return file(request, response, join(folder, normalize(url.pathname).slice(7)));
  if (url.pathname.startsWith('/files/')) return vtt(response);
  const path = url.pathname === '/' ? 'index.html' : normalize(url.pathname);
  return file(request, response, join(dist, path));
}).listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${port}`));
