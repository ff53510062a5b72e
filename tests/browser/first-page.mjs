// Walks through the pages as an activist would, against a running server: signs in, hands in a video over a
// connection that breaks, watches it become a transcript, jumps in it, switches the language, hands in a file
// that is no video, and signs out.
//
//   BASE_URL=http://127.0.0.1:8080 HUIBAO_TEST_NAME=li HUIBAO_TEST_PASSWORD=… \
//     VIDEO=talk.mp4 WRITTEN=talk.docx PHOTO=page.heic [SHOTS=folder] node first-page.mjs
//
// The account must be an activist's.
//
// Exit code 0 if everything was as expected, 1 if not.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BASE_URL, complaints, NAME, open, PASSWORD, run, shot, signIn, statuses, step } from './lib.mjs';

const READY_MS = 5 * 60_000;
const { VIDEO, WRITTEN, PHOTO } = process.env;

/** Fills in the form and hands in; the page of the draft is shown meanwhile. */
async function handIn(page, { video, written, title }) {
  await page.goto(`${BASE_URL}/#/`);
  await page.getByTestId('video').setInputFiles(video);
  if (written) await page.getByTestId('written').setInputFiles(written);
  await page.locator('select[name=kind]').selectOption('study');
  await page.locator('input[name=title]').fill(title);
  await page.getByTestId('submit').click();
  await page.waitForURL(/#\/reports\/.+/, { timeout: READY_MS });
}

/** Breaks the connection while a file is sent, and mends it once the page says so. */
async function handInWithBreak(page, report) {
  await page.route('**/api/v1/uploads/*', (route) => {
    return route.request().method() === 'PATCH' ? route.abort() : route.continue();
  });
  await handIn(page, report);
  await page.locator('[data-testid=upload-progress][data-phase=waiting]').waitFor();
  await shot(page, '2-waiting');
  await page.unroute('**/api/v1/uploads/*');
  await page.locator('main').getByTestId('state').waitFor();
}

/** Waits until the report is ready or failed and tells of every change on the way. */
async function watch(page) {
  const state = page.locator('main').getByTestId('state');
  const deadline = Date.now() + READY_MS;
  let last = '';
  while (Date.now() < deadline) {
    const now = await page.evaluate(() => {
      const all = [...document.querySelectorAll('main [data-testid][data-state]')];
      return all.map((e) => `${e.dataset.testid.replace('stage-', '')}=${e.dataset.state}`).join(' ');
    });
    if (now !== last) console.log(`      ${now}`);
    last = now;
    const reached = await state.getAttribute('data-state');
    if (reached === 'ready' || reached === 'failed') return reached;
    await page.waitForTimeout(200);
  }
  throw new Error(`neither ready nor failed after ${READY_MS / 1000} s; last seen: ${last}`);
}

async function seek(page) {
  const player = page.getByTestId('player');
  await player.evaluate(
    (video) => video.readyState >= 1 || new Promise((done) => video.addEventListener('loadedmetadata', done)),
  );
  const segment = page.getByTestId('segment').last();
  const start = Number(await segment.getAttribute('data-start'));
  assert.ok(start > 0, 'the last segment starts after the beginning of the video');
  await segment.click();
  await page.waitForFunction(
    (at) => {
      const video = document.querySelector('[data-testid=player]');
      return !video.seeking && video.readyState >= 2 && Math.abs(video.currentTime - at) < 1;
    },
    start,
    { timeout: 15_000 },
  );
  const source = await player.evaluate((video) => new URL(video.currentSrc).pathname);
  assert.equal(statuses.get(source), 206, 'the video is served in ranges');
}

async function switchLanguage(page) {
  const heading = page.getByTestId('transcript').locator('h2');
  const before = await heading.innerText();
  const lang = () => page.evaluate(() => document.documentElement.lang);
  const langBefore = await lang();
  await page.getByTestId('language').click();
  await page.waitForFunction((old) => document.documentElement.lang !== old, langBefore);
  assert.notEqual(await heading.innerText(), before, 'the heading is in the other language');
  await shot(page, '4-other-language');
  await page.reload();
  assert.notEqual(await lang(), langBefore, 'the choice is remembered');
  await page.getByTestId('language').click();
  await page.waitForFunction((old) => document.documentElement.lang === old, langBefore);
}

async function walk(page, folder) {
  await step('an activist signs in', async () => {
    await page.goto(`${BASE_URL}/`);
    await signIn(page);
    await page.getByTestId('submit').waitFor();
    await shot(page, '1-home');
  });
  await step('a report is handed in over a connection that breaks', async () => {
    await handInWithBreak(page, { video: VIDEO, written: [WRITTEN, PHOTO, PHOTO], title: '浏览器测试' });
    await shot(page, '2-processing');
  });
  await step('its stages run until it is ready', async () => {
    assert.equal(await watch(page), 'ready');
  });
  await step('the transcript and the written report are shown', async () => {
    await page.getByTestId('segment').first().waitFor();
    const texts = await page.getByTestId('segment').allInnerTexts();
    assert.ok(texts.join('').length > 20, `some text is shown, got ${JSON.stringify(texts)}`);
    console.log(`      ${texts.length} segments`);
    const written = page.getByTestId('written-text');
    await written.waitFor();
    const pages = written.locator('img');
    assert.equal(await pages.count(), 2);
    await pages.first().scrollIntoViewIfNeeded();
    await page.waitForFunction(() => document.querySelector('[data-testid=written-text] img')?.naturalWidth > 0);
    await shot(page, '3-ready');
  });
  await step('a click on a segment moves the video', () => seek(page));
  await step('the language can be switched', () => switchLanguage(page));
  await step('a file that is no video is refused with a reason', async () => {
    const fake = join(folder, 'not-a-video.mp4');
    writeFileSync(fake, '这不是视频。This is no video.\n'.repeat(200));
    await handIn(page, { video: fake, title: '不是视频' });
    assert.equal(await watch(page), 'failed');
    const reason = await page.getByTestId('failure').innerText();
    assert.ok(reason.includes('不是可以播放的视频'), `the reason is told in Chinese, got: ${reason}`);
    await shot(page, '5-failed');
  });
  await step('the list shows both', async () => {
    await page.goto(`${BASE_URL}/#/`);
    await page.getByTestId('report-card').nth(1).waitFor();
    await shot(page, '6-list');
  });
  await step('signing out and in again leads back to the same page', async () => {
    await page.getByTestId('report-card').nth(1).click();
    await page.waitForURL(/#\/reports\/.+/);
    await page.locator('main a.back').waitFor();
    const address = page.url();
    await page.getByTestId('sign-out').click();
    await page.getByTestId('sign-in').waitFor();
    await page.goto(address);
    await signIn(page);
    await page.locator('main a.back').waitFor();
    assert.equal(page.url(), address);
  });
  await step('no script errors, console errors or policy violations', async () => {
    assert.deepEqual(complaints, []);
  });
}

if (!BASE_URL || !VIDEO || !WRITTEN || !PHOTO || !NAME || !PASSWORD) {
  console.error('BASE_URL, VIDEO, WRITTEN, PHOTO and an account must be set; see the top of this file.');
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'huibao-browser-'));
await run(async (browser) => {
  const page = await open(browser);
  try {
    await walk(page, folder);
  } catch (error) {
    await shot(page, 'failure');
    throw error;
  }
});
rmSync(folder, { recursive: true, force: true });
