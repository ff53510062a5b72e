// Records reports in the page, with a camera and a microphone that play a file: one whose browser is killed half-way
// and that is handed in later, one that is handed in at once, and none where nothing is heard, the camera is not
// allowed, or the pages come over plain HTTP.
//
//   BASE_URL=http://127.0.0.1:8080 HUIBAO_TEST_NAME=li HUIBAO_TEST_PASSWORD=… VIDEO=talk.mp4 [SHOTS=folder]
//     node record.mjs
//
// The server must answer under any name, and the account must be an activist's. `ffmpeg` makes of the video what
// Chromium plays.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import {
  attempt, BASE_URL, CHROMIUM, complaints, fits, FLAGS, heard, NAME, PASSWORD, PHONE, shot, signIn, step,
} from './lib.mjs';

const READY_MS = 5 * 60_000;
const { VIDEO } = process.env;
const TEXT = '我志愿加入中国共产党。通过这个季度的学习，我对党的认识更深了。'.repeat(20);

/** Makes a file of the video that Chromium plays in place of a camera or a microphone. */
function make(file, ...args) {
  execFileSync('ffmpeg', ['-y', '-loglevel', 'error', '-i', VIDEO, ...args, file]);
  return file;
}

function devices(folder) {
  const pictures = ['-an', '-t', '4', '-vf', 'scale=640:360', '-r', '15', '-q:v', '5'];
  const camera = [
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${make(join(folder, 'camera.mjpeg'), ...pictures)}`,
  ];
  const sound = (name, ...args) => {
    const file = make(join(folder, name), '-vn', '-ar', '48000', '-ac', '1', ...args);
    return [...camera, `--use-file-for-fake-audio-capture=${file}`];
  };
  return { speech: sound('speech.wav'), silence: sound('silence.wav', '-af', 'volume=0') };
}

const opened = [];

/** Opens a browser that keeps what its pages keep. */
async function browse(profile, flags, options = {}) {
  const settings = { executablePath: CHROMIUM, args: [...FLAGS, ...flags], locale: 'zh-CN', viewport: PHONE };
  const context = await chromium.launchPersistentContext(profile, { ...settings, ...options });
  opened.push(context);
  return { context, page: await heard(await context.newPage()) };
}

/** Ends the browser as a crash would. */
async function kill(profile, context) {
  const closed = new Promise((resolve) => context.on('close', resolve));
  const pid = Number(readlinkSync(join(profile, 'SingletonLock')).split('-').at(-1));
  process.kill(pid, 'SIGKILL');
  await closed;
  rmSync(join(profile, 'SingletonLock'), { force: true });
}

const recorder = (page, phase) => page.locator(`[data-testid=recorder][data-phase=${phase}]`);

/** Waits until so many seconds were recorded. */
async function record(page, seconds) {
  await page.waitForFunction((least) => {
    const time = document.querySelector('[data-testid=record-time]')?.textContent;
    const [, minutes, rest] = /(\d+):(\d+)/.exec(time) ?? [];
    return Number(minutes) * 60 + Number(rest) >= least;
  }, seconds);
}

async function handIn(page) {
  await page.locator('select[name=kind]').selectOption('study');
  await page.getByTestId('submit').click();
  await page.locator('main').getByTestId('state').waitFor({ timeout: READY_MS });
}

async function hasText(page) {
  await page.locator('main [data-testid=state][data-state=ready]').waitFor({ timeout: READY_MS });
  const text = await page.getByTestId('segment').allInnerTexts();
  assert.ok(text.join('').length > 10, `what was said is there: ${text}`);
}

async function crashAndHandIn(folder, flags) {
  const profile = join(folder, 'profile');
  let { context, page } = await browse(profile, flags);
  await step('an activist types a text and records it, on a phone', async () => {
    await page.goto(`${BASE_URL}/`);
    await signIn(page);
    await page.getByTestId('typed').check({ force: true });
    await page.locator('textarea[name=written_text]').fill(TEXT);
    await page.getByTestId('record').click();
    await recorder(page, 'ready').waitFor();
    await page.getByTestId('prompter-text').waitFor();
    await page.waitForFunction(() => Number(document.querySelector('[data-testid=level]').ariaValueNow) > 20);
    await fits(page);
    await shot(page, 'record-1-ready');
    await page.getByTestId('record-start').click();
    await recorder(page, 'counting').waitFor();
    await recorder(page, 'recording').waitFor();
  });
  await step('the text moves as fast as one likes', async () => {
    const prompter = page.getByTestId('prompter-text');
    await page.getByTestId('prompter-speed').fill('360');
    const before = await prompter.evaluate((box) => box.scrollTop);
    await page.waitForFunction((from) => {
      return document.querySelector('[data-testid=prompter-text]').scrollTop > from + 5;
    }, before);
    await record(page, 4);
    await shot(page, 'record-2-recording');
  });
  await step('a pause is not counted, and the text waits', async () => {
    await page.getByTestId('record-pause').click();
    await recorder(page, 'paused').waitFor();
    const state = () => page.getByTestId('record-time').innerText();
    const before = await state();
    await page.waitForTimeout(1500);
    assert.equal(await state(), before);
    await shot(page, 'record-3-paused');
    await page.getByTestId('record-resume').click();
    await record(page, 9);
  });
  await step('pieces are at the server while it records, also after the network was away', async () => {
    await page.waitForFunction(() => {
      const sent = document.querySelector('[data-testid=record-sent]').textContent;
      return !sent.includes('已上传 0 B');
    });
    await context.setOffline(true);
    await page.getByText('网络断了').waitFor();
    await shot(page, 'record-4-offline');
    await context.setOffline(false);
    await page.getByText('网络断了').waitFor({ state: 'detached', timeout: 60_000 });
    await record(page, 16);
  });
  await step('the browser is killed', () => kill(profile, context));
  ({ context, page } = await browse(profile, flags));
  await step('the take is offered on the first page, with all but its last seconds', async () => {
    await page.goto(`${BASE_URL}/`);
    // Chromium writes cookies down after a while; the session may be one that it has forgotten.
    const form = page.getByTestId('sign-in');
    await form.or(page.getByTestId('submit')).waitFor();
    if (await form.isVisible()) await signIn(page);
    await page.getByTestId('take-offer').waitFor();
    const offer = await page.getByTestId('take-offer').innerText();
    const seconds = Number(/(\d+) 秒/.exec(offer)?.[1]);
    assert.ok(seconds >= 12, `a machine with other things to do may lose some: ${offer}`);
    await shot(page, 'record-5-offer');
    await page.getByTestId('take-open').click();
  });
  await step('it is used in its draft, sent from where it was left off, and handed in', async () => {
    const methods = [];
    page.on('request', (request) => {
      if (request.url().includes('/api/v1/uploads/')) methods.push(request.method());
    });
    await page.getByTestId('take-use').waitFor();
    assert.equal(await page.getByTestId('begun').count(), 0, 'nobody is asked for a file that there is not');
    await page.getByTestId('take-use').click();
    await shot(page, 'record-6-used');
    await handIn(page);
    assert.equal(methods[0], 'HEAD');
    assert.ok(!methods.includes('POST'), `no upload is begun anew: ${methods}`);
    await hasText(page);
    await page.goto(`${BASE_URL}/#/`);
    await page.getByTestId('submit').waitFor();
    assert.equal(await page.getByTestId('take-offer').count(), 0, 'nothing of it is kept any more');
  });
  await context.close();
}

async function recordAndHandIn(folder, flags) {
  const { context, page } = await browse(join(folder, 'profile'), flags, { viewport: { width: 1440, height: 900 } });
  await step('without a text, the prompter says where to type one', async () => {
    await page.goto(`${BASE_URL}/`);
    await page.getByTestId('record').click();
    await recorder(page, 'ready').waitFor();
    await page.getByTestId('prompter').getByText('直接填写').waitFor();
    await shot(page, 'record-7-desk');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 820, height: 1180 });
    await shot(page, 'record-7-tablet-dark');
  });
  await step('a take is thrown away, and another one recorded', async () => {
    for (const again of [true, false]) {
      await page.getByTestId('record-start').click();
      await record(page, again ? 2 : 12);
      await page.getByTestId('record-stop').click();
      await recorder(page, 'done').waitFor();
      await page.waitForFunction(() => document.querySelector('[data-testid=take-preview]')?.videoWidth > 0);
      if (!again) break;
      await page.getByRole('button', { name: '重录' }).last().click();
      const forgotten = page.waitForResponse((response) => response.request().method() === 'DELETE');
      await page.getByTestId('confirm').click();
      assert.equal((await forgotten).status(), 204, 'the server forgets it as well');
      await recorder(page, 'ready').waitFor();
    }
    await shot(page, 'record-8-done-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1440, height: 900 });
    await shot(page, 'record-8-done');
  });
  await step('one that is neither used nor thrown away is still offered', async () => {
    await page.keyboard.press('Escape');
    await page.getByTestId('take-offer').waitFor();
    await shot(page, 'record-8-offer');
    await page.getByTestId('take-use').click();
    await page.getByTestId('take-offer').waitFor({ state: 'detached' });
  });
  await step('it is handed in', async () => {
    await page.locator('main').getByText('已上传').waitFor();
    await shot(page, 'record-9-form');
    await handIn(page);
    await hasText(page);
  });
  await context.close();
}

async function silent(folder, flags) {
  const { context, page } = await browse(join(folder, 'profile'), flags);
  await step('who is not heard is told so, before anything is recorded', async () => {
    await page.goto(`${BASE_URL}/`);
    await page.getByTestId('record').click();
    await page.locator('[data-testid=loudness][data-loudness=silent]').waitFor();
    await page.emulateMedia({ colorScheme: 'dark' });
    await shot(page, 'record-10-silent');
  });
  await context.close();
}

async function denied(folder, flags) {
  const { context, page } = await browse(join(folder, 'denied'), flags, { hasTouch: true, isMobile: true });
  await step('who does not allow the camera is told what to do instead', async () => {
    await page.goto(`${BASE_URL}/`);
    await signIn(page);
    await page.getByTestId('record').click();
    await page.locator('[data-testid=record-advice][data-obstacle=denied]').waitFor();
    await fits(page);
    await shot(page, 'record-11-denied');
    await page.getByTestId('phone-camera').setInputFiles(VIDEO);
    await page.getByTestId('recorder').waitFor({ state: 'detached' });
    await page.locator('main').getByText(VIDEO.split('/').at(-1)).waitFor();
  });
  await context.close();
}

async function insecure(folder, flags) {
  const { context, page } = await browse(join(folder, 'insecure'), flags);
  await step('where browsers give out no camera, the page says why', async () => {
    // An address of this machine would be taken for a secure one.
    await page.goto(BASE_URL.replace('127.0.0.1', 'huibao.test'));
    await signIn(page);
    await page.getByTestId('record').click();
    await page.locator('[data-testid=record-advice][data-obstacle=insecure]').waitFor();
    await shot(page, 'record-12-insecure');
  });
  await context.close();
}

if (!BASE_URL || !VIDEO || !NAME || !PASSWORD) {
  console.error('BASE_URL, VIDEO and an account must be set; see the top of this file.');
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'huibao-record-'));
await attempt(async () => {
  const { speech, silence } = devices(folder);
  const allow = '--use-fake-ui-for-media-stream';
  await crashAndHandIn(folder, [...speech, allow]);
  await recordAndHandIn(folder, [...speech, allow]);
  await silent(folder, [...silence, allow]);
  await denied(folder, [...speech, '--deny-permission-prompts']);
  await insecure(folder, [...speech, allow, '--host-resolver-rules=MAP huibao.test 127.0.0.1']);
  await step('no script errors, console errors or policy violations', async () => assert.deepEqual(complaints, []));
});
for (const context of opened) await context.close();
rmSync(folder, { recursive: true, force: true });
