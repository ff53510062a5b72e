// A transcript of thousands of sentences, and a queue of ten thousand reports: only what is seen is there, and all of it
// is found, and the sentences are corrected.
//
//   BASE_URL=http://127.0.0.1:8080 HUIBAO_TEST_NAME=wang HUIBAO_TEST_PASSWORD=… REPORT=id LAST=text [SHOTS=folder] \
//     node long.mjs
//
// LAST is the text of its last sentence. Prints how long the browser was busy at once; nothing is asserted of that.
//
// Exit code 0 if everything was as expected, 1 if not.

import assert from 'node:assert/strict';
import { BASE_URL, complaints, open, PHONE, run, shot, signIn, step } from './lib.mjs';

const { REPORT, LAST } = process.env;

/** The tasks of more than 50 ms since the last time, in ms. */
const busy = (page) => page.evaluate(() => globalThis.tasks.splice(0));

async function watch(page) {
  await page.addInitScript(() => {
    globalThis.tasks = [];
    const note = (list) => globalThis.tasks.push(...list.getEntries().map((entry) => Math.round(entry.duration)));
    new PerformanceObserver(note).observe({ type: 'longtask', buffered: true });
  });
}

async function read(page) {
  await watch(page);
  await page.goto(`${BASE_URL}/#/reports/${REPORT}`);
  await signIn(page);
  await page.getByTestId('segment').first().waitFor({ timeout: 120_000 });
  const there = await page.getByTestId('segment').count();
  assert.ok(there < 150, `${there} sentences are there at once`);
  console.log('      opened', await busy(page));
}

async function scroll(page) {
  await page.evaluate(async () => {
    const box = document.querySelector('[data-testid=transcript] .scroll');
    for (let i = 0; i < 60; i += 1) {
      box.scrollTop += 2000;
      await new Promise((done) => requestAnimationFrame(done));
    }
  });
  assert.ok((await page.getByTestId('segment').count()) < 150);
  console.log('      scrolled', await busy(page));
}

async function find(page) {
  await page.getByTestId('search').fill(LAST);
  await page.locator('mark', { hasText: LAST }).first().waitFor();
  console.log('      searched', await busy(page));
}

async function correct(page) {
  const row = page.locator('.row', { has: page.locator('mark') });
  await row.hover();
  await row.getByTestId('edit-segment').click();
  await page.locator('textarea[rows="1"]').fill('改过的最后一句。');
  await page.locator('[data-testid=segment-editor][data-state=saved]').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('search').fill('改过的最后');
  await page.locator('mark', { hasText: '改过的最后' }).first().waitFor();
  await page.waitForTimeout(1500);
  console.log('      corrected', await busy(page));
  await shot(page, 'long-1');
}

const QUEUE = 10_000;

/** The server's answers, as if it had so many reports as its first one. */
async function pretend(page) {
  const first = await page.request.get(`${BASE_URL}/api/v1/reports?limit=1`);
  const [report] = (await first.json()).reports;
  const id = (number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  await page.route(/\/api\/v1\/reports\?/, async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const from = Number(query.get('before')?.slice(-12) ?? 0) + 1;
    const to = Math.min(from + Number(query.get('limit')) - 1, QUEUE);
    const reports = [];
    for (let number = from; number <= to; number += 1) {
      reports.push({ ...report, id: id(number), title: `第 ${number} 份` });
    }
    await route.fulfill({ json: { reports, next: to < QUEUE ? id(to) : null } });
  });
}

async function queue(page) {
  await pretend(page);
  await page.goto(`${BASE_URL}/#/`);
  const cards = page.getByTestId('report-card');
  await cards.first().waitFor();
  await busy(page);
  await page.getByTestId('more').click();
  await page.locator('[role=listitem]').first().waitFor();
  await page.evaluate(async (all) => {
    while (document.querySelector(`[aria-setsize="${all}"]`) === null) {
      scrollTo(0, document.body.scrollHeight);
      await new Promise((done) => setTimeout(done, 20));
    }
  }, QUEUE);
  console.log('      read all', await busy(page));
  await page.evaluate(async () => {
    for (let i = 0; i < 60; i += 1) {
      scrollBy(0, -2000);
      await new Promise((done) => requestAnimationFrame(done));
    }
    scrollTo(0, document.body.scrollHeight);
  });
  await page.getByText(`第 ${QUEUE} 份`).waitFor();
  assert.ok((await cards.count()) < 100, 'only what is seen is there');
  console.log('      scrolled', await busy(page));
  await shot(page, 'long-2-queue');
}

await run(async (browser) => {
  const page = await open(browser);
  await step('a reviewer opens it', () => read(page));
  await step('scrolls', () => scroll(page));
  await step('finds the last sentence', () => find(page));
  await step('and corrects it', () => correct(page));
  await step('scrolls a queue of ten thousand', () => queue(page));
  const phone = await open(browser, { viewport: PHONE });
  await step('on a phone', async () => {
    await read(phone);
    await scroll(phone);
    await phone.getByTestId('search').fill('改过的最后');
    await phone.locator('mark', { hasText: '改过的最后' }).first().waitFor();
  });
  assert.deepEqual(complaints, []);
});
