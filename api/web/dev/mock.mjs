// A stand-in for the server, to work on the pages without it: `npm run build && npm run mock`. Serves dist/
// under the real Content-Security-Policy, answers the HTTP interface, and plays reports through their stages.
// Sign in as liming (activist), zhou (activist of two branches), wangfang (reviewer) or admin (operator), each
// with the password "password"; /#/setup/first makes another operator. Needs ffmpeg for a sample video.
// Development only.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as accounts from './accounts.mjs';
import { file, json, problem } from './http.mjs';
import * as reports from './reports.mjs';
import { segments } from './sample.mjs';
import * as uploads from './uploads.mjs';

const API = '/api/v1';
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const port = Number(process.env.PORT ?? 8080);
const csp =
  "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; style-src 'self'; script-src 'self'";

const folder = mkdtempSync(join(tmpdir(), 'huibao-mock-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
const sample = join(folder, 'sample.mp4');
const ffmpeg = (...args) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...args]);
ffmpeg('-f', 'lavfi', '-i', 'gradients=s=720x1280:c0=0x40566b:c1=0x93a7a0:n=2:d=64:speed=0.01:r=15',
  '-f', 'lavfi', '-i', 'sine=f=220:d=64', '-t', '64', '-c:v', 'libx264', '-preset', 'veryfast',
  '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-movflags', '+faststart', sample);
ffmpeg('-i', sample, '-frames:v', '1', join(folder, 'poster.jpg'));

const info = {
  version: '0.1.0', languages: ['zh', 'auto', 'en', 'ja'],
  kinds: ['motive', 'understanding', 'study', 'activity', 'oath', 'meeting', 'other'],
  kind_labels: {}, sign_on: [],
  limits: { max_video_bytes: 2_000_000_000, max_written_bytes: 20_000_000, max_duration_seconds: 1800 },
};

function api(request, response, path, lang) {
  if (path === '/info') return json(response, 200, info);
  if (accounts.open(request, response, path)) return undefined;
  const session = accounts.sessionOf(request);
  if (session === null) return problem(response, 401, 'unauthorized', lang === 'zh' ? '请先登录。' : 'Please sign in.');
  if (accounts.personal(request, response, path, session)) return undefined;
  if (path.startsWith('/uploads/')) return uploads.handle(request, response, path, reports.mayUpload(session.person));
  if (path.startsWith('/reports')) return reports.handle(request, response, path, lang, session.person);
  return problem(response, 404, 'not_found');
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
  if (url.pathname.startsWith(`${API}/`)) return api(request, response, url.pathname.slice(API.length), lang);
  if (url.pathname.startsWith('/media/')) return file(request, response, join(folder, normalize(url.pathname).slice(7)));
  if (url.pathname.startsWith('/files/')) return vtt(response);
  const path = url.pathname === '/' ? 'index.html' : normalize(url.pathname);
  return file(request, response, join(dist, path));
}).listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${port}`));
