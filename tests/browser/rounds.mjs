// A reviewer opens a round, makes exceptions and closes it; an activist sees what is asked of them, and says how they
// want to be told of such things.
//
//   BASE_URL=http://127.0.0.1:8080 HUIBAO_TEST_NAME=li HUIBAO_TEST_REVIEWER=wang HUIBAO_TEST_PASSWORD=… \
//     [SHOTS=folder] node rounds.mjs
//
// The reviewer is one of the activist's branch; both have the same password.
//
// Exit code 0 if everything was as expected, 1 if not.

import assert from 'node:assert/strict';
import { BASE_URL, complaints, fits, open, PHONE, run, shot, signIn, step } from './lib.mjs';

const { HUIBAO_TEST_REVIEWER: REVIEWER } = process.env;
const TITLE = '第四季度思想汇报';

async function openRound(page) {
  await page.goto(`${BASE_URL}/`);
  await signIn(page, REVIEWER);
  assert.equal(await page.getByTestId('not-activist').count(), 0, 'a reviewer is not told that they hand in nothing');
  await page.getByTestId('open-round').click();
  const form = page.getByTestId('round-form');
  await form.locator('button[type=submit]').click();
  await form.locator('#round-title[aria-invalid=true]').waitFor();
  await form.locator('#round-title').fill(TITLE);
  await form.locator('#round-minutes').fill('5');
  await form.locator('input[type=checkbox][value=study]').check();
  await form.locator('textarea').fill('谈谈自己的认识。\n<b>三到五分钟</b>');
  await shot(page, 'round-1-form');
  await form.locator('button[type=submit]').click();
  await page.waitForURL(/#\/rounds\/.+/);
  await page.locator('[data-standing=due]').first().waitFor();
  assert.match(await page.locator('.instructions').innerText(), /<b>三到五分钟<\/b>/, 'what was typed is text');
  await shot(page, 'round-2-open');
  return page.url();
}

async function seeIt(page, address) {
  await page.goto(`${BASE_URL}/`);
  await signIn(page);
  await page.getByTestId('rounds').getByText(TITLE).waitFor();
  await fits(page);
  await page.goto(address);
  await page.locator('main').getByText('谈谈自己的认识').waitFor();
  assert.equal(await page.getByTestId('participants').count(), 0, 'how others stand is not their business');
  await fits(page);
  await shot(page, 'round-3-phone');
  // A notice of the round leads to it.
  await page.goto(`${BASE_URL}/#/notices`);
  await page.getByTestId('notice-list').getByRole('link', { name: '提醒' }).waitFor();
  await page.getByTestId('notice-list').locator('a').first().click();
  assert.equal(page.url(), address);
  await page.locator('main button.primary').click();
  await page.waitForURL(/#\/reports\/.+/);
}

async function beTold(page) {
  await page.goto(`${BASE_URL}/#/account`);
  const form = page.getByTestId('notice-settings');
  await form.locator('input[value=ready]').uncheck();
  await form.locator('input[value=daily]').check();
  await form.locator('fieldset input[type=checkbox]').last().check();
  const times = form.locator('input[type=time]');
  await times.first().fill('22:30');
  await times.last().fill('22:30');
  await form.locator('button[type=submit]').click();
  await form.locator('[role=alert]', { hasText: /./ }).waitFor();
  await times.last().fill('06:45');
  await form.locator('button[type=submit]').click();
  await form.locator('[role=status]', { hasText: /./ }).waitFor();
  await fits(page);
  await page.reload();
  await form.waitFor();
  assert.equal(await form.locator('input[value=ready]').isChecked(), false);
  assert.equal(await form.locator('input[value=daily]').isChecked(), true);
  assert.equal(await times.last().inputValue(), '06:45');
  await shot(page, 'round-5-account');
}

async function remind(page) {
  await page.locator('section button', { hasText: '提醒未交的人' }).click();
  await page.getByTestId('confirm').click();
  await page.getByTestId('reminded').getByText('已提醒 1 人').waitFor();
  await shot(page, 'round-6-reminded');
}

async function excuse(page) {
  await page.reload();
  await page.getByTestId('participants').locator('button').first().click();
  const form = page.getByTestId('exception');
  await form.locator('input[type=checkbox]').check();
  await form.locator('input[maxlength="500"]').fill('病假');
  await form.locator('button[type=submit]').click();
  const excused = page.locator('[data-standing=excused]');
  await excused.waitFor();
  assert.match(await excused.innerText(), /病假/);
  await page.locator('.filters button').nth(1).click();
  await excused.waitFor();
  await page.setViewportSize(PHONE);
  await fits(page);
  await shot(page, 'round-4-excused');
}

async function exportList(page) {
  const row = page.locator('[data-testid=exports] [data-format=table]');
  const asked = page.waitForResponse((response) => response.request().method() === 'POST');
  await row.locator('button').click();
  assert.equal((await asked).status(), 202);
  // It is made without the page.
  await page.reload();
  const link = row.locator('a[download]');
  await link.waitFor({ timeout: 60_000 });
  await fits(page);
  await shot(page, 'round-6-export');
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  assert.match(download.suggestedFilename(), /名单\.xlsx$/);
}

async function close(page) {
  await page.locator('section button', { hasText: '结束本轮' }).click();
  await page.getByTestId('confirm').click();
  await page.getByTestId('round-closed').waitFor();
  assert.equal(await page.getByTestId('participants').locator('button').count(), 0);
}

await run(async (browser) => {
  const reviewer = await open(browser);
  const activist = await open(browser, { viewport: PHONE });
  const address = await step('a reviewer opens a round', () => openRound(reviewer));
  await step('and reminds those who are missing', () => remind(reviewer));
  await step('an activist sees it on a phone, and begins', () => seeIt(activist, address));
  await step('the activist says how they want to be told', () => beTold(activist));
  await step('the reviewer excuses them', () => excuse(reviewer));
  await step('the reviewer exports the list, and leaves the page meanwhile', () => exportList(reviewer));
  await step('the reviewer closes the round', () => close(reviewer));
  assert.deepEqual(complaints, []);
});
