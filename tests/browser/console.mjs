// An operator looks at what runs: a job that failed, its cause, the worker.
//
//   BASE_URL=http://127.0.0.1:8080 HUIBAO_TEST_NAME=root HUIBAO_TEST_PASSWORD=… [SHOTS=folder] node console.mjs
//
// One report of the installation has failed, because its file is no video.
//
// Exit code 0 if everything was as expected, 1 if not.

import assert from 'node:assert/strict';
import { BASE_URL, complaints, fits, open, PHONE, run, shot, signIn, step } from './lib.mjs';

const failures = (page) => page.getByTestId('failures');

async function look(page) {
  await page.goto(`${BASE_URL}/`);
  await signIn(page);
  await page.getByTestId('console-link').click();
  await page.getByTestId('jobs').waitFor();
  await failures(page).getByText('truncated').waitFor();
  await failures(page).locator('button').first().click();
  await page.getByTestId('dead-jobs').locator('pre', { hasText: /./ }).first().waitFor();
  await shot(page, 'console-1');
}

async function tryAgain(page) {
  const before = await page.getByTestId('dead-jobs').locator('li').first().innerText();
  await page.getByTestId('dead-jobs').locator('button').first().click();
  // It fails again, for the same cause.
  await page.waitForFunction(async () => {
    const group = document.querySelector('[data-testid=failures] [aria-expanded]');
    if (group === null) return false;
    if (group.getAttribute('aria-expanded') !== 'true') group.click();
    return document.querySelector('[data-testid=dead-jobs] pre') !== null;
  });
  assert.ok(before.includes('1'), 'how often it was tried is said');
}

async function discard(page) {
  await page.reload();
  await failures(page).getByText('truncated').waitFor();
  await failures(page).locator('.buttons button').nth(2).click();
  await shot(page, 'console-2-sure');
  await page.getByTestId('confirm').click();
  await failures(page).getByText('truncated').waitFor({ state: 'detached' });
}

async function pause(page) {
  const worker = page.getByTestId('worker');
  await worker.waitFor();
  await page.getByTestId('pause').click();
  await worker.locator('.warn').waitFor();
  await page.getByTestId('drain').locator('strong').waitFor();
  await shot(page, 'console-3-paused');
  await page.getByTestId('pause').click();
  await worker.locator('.warn').waitFor({ state: 'detached' });
}

/** The first sample is taken when a worker begins, which may be after the page was opened. */
async function plots(page) {
  const samples = async () => (await (await page.request.get(`${BASE_URL}/api/v1/jobs/samples?over=day`)).json()).points;
  while ((await samples()).length === 0) await page.waitForTimeout(200);
  await page.reload();
  await page.getByTestId('plot').first().waitFor();
  assert.equal(await page.getByTestId('plot').count(), 3);
  for (const span of ['hour', 'month']) {
    const answer = page.waitForResponse((response) => response.url().includes(`over=${span}`));
    await page.locator('select[name=over]').selectOption(span);
    assert.equal((await answer).status(), 200);
  }
  await page.getByTestId('plots').scrollIntoViewIfNeeded();
  await shot(page, 'console-5-plots');
}

await run(async (browser) => {
  const page = await open(browser);
  await step('an operator sees what failed, and why', () => look(page));
  await step('tries it again', () => tryAgain(page));
  await step('and discards it', () => discard(page));
  await step('a worker pauses and goes on', () => pause(page));
  await step('sees how it goes over time', () => plots(page));
  await step('on a phone', async () => {
    await page.setViewportSize(PHONE);
    await fits(page);
    await shot(page, 'console-4-phone');
  });
  assert.deepEqual(complaints, []);
});
