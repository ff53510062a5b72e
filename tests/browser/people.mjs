// An operator imports a roster, which has a bad row first; adds somebody, gives a new password, disables an account;
// adds the robot of a group, and reads in the audit log that all this was done.
//
//   BASE_URL=http://127.0.0.1:8080 HUIBAO_TEST_NAME=root HUIBAO_TEST_PASSWORD=… [SHOTS=folder] node people.mjs
//
// The account must be an operator's of everything.
//
// Exit code 0 if everything was as expected, 1 if not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { BASE_URL, complaints, fits, open, PHONE, run, shot, signIn, step } from './lib.mjs';

const roster = (rows) => ({
  name: '名单.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from(`学号,姓名,支部\n${rows.join('\n')}\n`),
});
const GOOD = ['20260001,李晓明,/计算机学院/一支部', '20260002,王小红,/计算机学院/二支部'];

async function importIt(page) {
  await page.goto(`${BASE_URL}/`);
  await signIn(page);
  await page.getByTestId('manage-people').click();
  const section = page.getByTestId('roster');
  const input = section.locator('input[type=file]');
  await input.setInputFiles(roster([...GOOD, '20260003,,没有斜线']));
  const problems = section.getByTestId('roster-problems');
  await problems.waitFor();
  assert.match(await problems.innerText(), /第 4 行/);
  assert.equal(await section.getByTestId('import').count(), 0, 'nothing can be imported with a problem');
  await shot(page, 'people-1-problems');
  await input.setInputFiles(roster(GOOD));
  await section.getByTestId('import').waitFor();
  assert.equal(await page.locator('[data-person="20260001"]').count(), 0, 'nothing was imported yet');
  await section.getByTestId('import').click();
  await page.locator('[data-person="20260001"]').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    section.getByTestId('passwords').click(),
  ]);
  const table = readFileSync(await download.path(), 'utf8');
  assert.match(table, /"20260002","王小红","20260002","[^"]{8,}"/);
  await shot(page, 'people-2-imported');
  return /"20260001","李晓明","20260001","([^"]+)"/.exec(table)[1];
}

async function find(page) {
  await page.locator('input[type=search]').fill('小红');
  await page.locator('[data-person="20260001"]').waitFor({ state: 'detached' });
  assert.equal(await page.getByTestId('people').locator('li').count(), 1);
  await page.locator('input[type=search]').fill('');
  await page.locator('[data-person="20260001"]').waitFor();
}

async function add(page) {
  await page.getByTestId('add-person').click();
  const form = page.getByTestId('person-form');
  await form.locator('#person-name').fill('wang');
  await form.locator('#person-display').fill('王老师');
  await form.locator('select').selectOption('reviewer');
  await form.locator('#person-branch').fill('计算机学院');
  await form.locator('button[type=submit]').click();
  await form.locator('#person-branch[aria-invalid=true]').waitFor();
  await form.locator('#person-branch').fill('/计算机学院');
  await form.locator('button[type=submit]').click();
  const secret = form.getByTestId('token-secret').locator('input');
  await secret.waitFor();
  await page.locator('[data-person=wang]').waitFor();
  return secret.inputValue();
}

/** Confirms what a button of somebody's does. */
async function confirm(page, name, label) {
  const row = page.locator(`[data-person="${name}"]`);
  await row.locator('button', { hasText: label }).first().click();
  await row.getByTestId('confirm').click();
  return row;
}

async function signsIn(browser, name, password) {
  const page = await open(browser, { viewport: PHONE });
  await page.goto(`${BASE_URL}/`);
  await signIn(page, name, password);
  return page;
}

async function addRobot(page) {
  await page.goto(`${BASE_URL}/`);
  await page.getByTestId('channels-link').click();
  const form = page.getByTestId('channel-form');
  await form.locator('select').selectOption('feishu');
  await form.locator('button[type=submit]').click();
  await form.locator('#channel-url[aria-invalid=true]').waitFor();
  await form.locator('#channel-url').fill('https://robot.example.org/hook/very-secret');
  await form.locator('#channel-name').fill('一支部群');
  await form.locator('input[value=round_opened]').check();
  await form.locator('button[type=submit]').click();
  const added = page.getByTestId('channels').locator('li', { hasText: '一支部群' });
  await added.waitFor();
  await fits(page);
  await shot(page, 'people-4-channels');
  await page.reload();
  await added.waitFor();
  assert.doesNotMatch(await page.locator('body').innerText(), /very-secret/, 'an address is not shown again');
  await added.locator('button').click();
  await added.getByTestId('confirm').click();
  await added.waitFor({ state: 'detached' });
}

async function readTheLog(page) {
  await page.goto(`${BASE_URL}/`);
  await page.getByTestId('audit-link').click();
  const log = page.getByTestId('audit');
  for (const action of ['roster_imported', 'person_disabled', 'channel_added']) {
    await log.locator(`[data-action=${action}]`).first().waitFor();
  }
  await page.locator('select[name=action]').selectOption('person_disabled');
  await log.locator('[data-action=channel_added]').first().waitFor({ state: 'detached' });
  assert.match(await log.locator('li').first().innerText(), /root[\s\S]*停用账号[\s\S]*李晓明/);
  await fits(page);
  await shot(page, 'people-5-audit');
}

await run(async (browser) => {
  const page = await open(browser);
  const first = await step('a roster with a bad row is refused, a good one imported', () => importIt(page));
  await step('people are found', () => find(page));
  const given = await step('somebody is added', () => add(page));
  await step('both sign in with what they were given', async () => {
    const li = await signsIn(browser, '20260001', first);
    await li.getByTestId('submit').waitFor();
    await fits(li);
    // Their sessions are about to end: pages that stay open would be told so, at any time.
    await li.context().close();
    const wang = await signsIn(browser, 'wang', given);
    await wang.getByTestId('managed-rounds').waitFor();
    await fits(wang);
    await wang.context().close();
  });
  await step('a new password takes the place of the old one', async () => {
    const row = await confirm(page, 'wang', '重设密码');
    const secret = row.getByTestId('token-secret').locator('input');
    await secret.waitFor();
    const wang = await signsIn(browser, 'wang', await secret.inputValue());
    await wang.getByTestId('managed-rounds').waitFor();
  });
  await step('an account is disabled', async () => {
    const row = await confirm(page, '20260001', '停用');
    await row.locator('button', { hasText: '启用' }).waitFor();
    await page.setViewportSize(PHONE);
    await fits(page);
    await shot(page, 'people-3-phone');
  });
  await step('the robot of a group is added and removed', () => addRobot(page));
  await step('the audit log tells of it', () => readTheLog(page));
  assert.deepEqual(complaints, []);
});
