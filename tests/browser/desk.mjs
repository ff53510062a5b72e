// A reviewer reads a report at the desk: corrects sentences, comments, returns it; its author reads the reasons, objects
// to a sentence, hands in again, and is accepted. A second reviewer gets in the way.
//
//   BASE_URL=http://127.0.0.1:8080 HUIBAO_TEST_NAME=li HUIBAO_TEST_REVIEWER=wang HUIBAO_TEST_COLLEAGUE=zhang \
//     HUIBAO_TEST_PASSWORD=… VIDEO=video.mp4 WRITTEN=report.txt [SHOTS=folder] node desk.mjs
//
// All three have the same password.
//
// Exit code 0 if everything was as expected, 1 if not.

import assert from 'node:assert/strict';
import { BASE_URL, complaints, fits, open, PHONE, run, shot, signIn, step } from './lib.mjs';

const { HUIBAO_TEST_REVIEWER: REVIEWER, HUIBAO_TEST_COLLEAGUE: COLLEAGUE, VIDEO, WRITTEN } = process.env;
const PROCESSED = { timeout: 240_000 };
// Right to left in between, and long.
const TITLE = `شكرا ${'学习体会'.repeat(20)}`;
const QUESTION = '谈到自己的不足了吗？';
const CORRECTED = '敬爱的党组织，您好！';

const sentence = (page, number) => page.locator('[data-testid=transcript] ol li').nth(number);
const editor = (page) => page.getByTestId('segment-editor');
const saved = (page) => page.locator('[data-testid=segment-editor][data-state=saved]').waitFor();

async function handIn(page) {
  await page.goto(`${BASE_URL}/`);
  await signIn(page);
  await page.getByTestId('video').setInputFiles(VIDEO);
  await page.getByTestId('written').setInputFiles(WRITTEN);
  await page.locator('select[name=kind]').selectOption('study');
  await page.locator('input[name=title]').fill(TITLE);
  await page.getByTestId('submit').click();
  await page.waitForURL(/#\/reports\/.+/);
  await page.locator('[data-testid=segment]').first().waitFor(PROCESSED);
  await page.locator('[data-state=ready]').first().waitFor(PROCESSED);
  return page.url();
}

async function beginToRead(page) {
  await page.goto(`${BASE_URL}/`);
  await signIn(page, REVIEWER);
  await page.getByTestId('report-card').first().click();
  await page.getByTestId('transcript').waitFor();
  assert.match(await page.getByTestId('watermark').innerText(), new RegExp(REVIEWER), 'whose screen it is');
  await shot(page, 'desk-1-read');
}

async function correct(page) {
  const before = await sentence(page, 0).innerText();
  await sentence(page, 0).hover();
  await sentence(page, 0).getByTestId('edit-segment').click();
  const field = editor(page).locator('textarea');
  await field.fill(CORRECTED);
  await shot(page, 'desk-2-edit');
  // Saved by itself.
  await saved(page);
  // Split behind the comma, and joined again.
  await field.evaluate((area) => area.setSelectionRange(7, 7));
  await field.press('Shift+Enter');
  await page.locator('[data-testid=segment]', { hasText: '敬爱的党组织，' }).waitFor();
  assert.equal(await field.inputValue(), '您好！');
  await field.evaluate((area) => area.setSelectionRange(0, 0));
  await field.press('Backspace');
  await page.waitForFunction((text) => document.querySelector('textarea[rows="1"]')?.value === text, CORRECTED);
  await field.press('Escape');
  await page.locator('[data-testid=segment]', { hasText: CORRECTED }).waitFor();
  await page.reload();
  await page.locator('[data-testid=segment]', { hasText: CORRECTED }).waitFor();
  await page.getByTestId('history').locator('summary').click();
  await page.getByTestId('history').locator('ins').first().waitFor();
  assert.equal(await page.getByTestId('history').locator('li').count(), 3);
  await shot(page, 'desk-3-history');
  // Taken back step by step, over sessions: the join, the split, the words.
  for (let left = 3; left > 0; left -= 1) {
    const undone = page.waitForResponse((response) => response.url().includes('/undo'));
    await page.getByTestId('undo').click();
    assert.equal((await undone).status(), 200);
  }
  await page.waitForFunction(
    (text) => document.querySelector('[data-testid=transcript] ol li')?.innerText.includes(text),
    before.split('\n').at(-1).trim(),
  );
}

async function survive(page) {
  await sentence(page, 1).hover();
  await sentence(page, 1).getByTestId('edit-segment').click();
  await page.route('**/corrections?*', (route) => route.abort());
  await editor(page).locator('textarea').fill('断网时写的。');
  await page.locator('[data-testid=segment-editor][data-state=failed]').waitFor();
  await shot(page, 'desk-4-offline');
  // The page is closed; another one goes on.
  await page.unroute('**/corrections?*');
  await page.reload();
  await page.locator('[data-testid=segment]', { hasText: '断网时写的。' }).or(editor(page)).first().waitFor();
  await saved(page);
  assert.equal(await editor(page).locator('textarea').inputValue(), '断网时写的。');
  await page.keyboard.press('Escape');
}

async function conflict(page, colleague, address) {
  await colleague.goto(address);
  await signIn(colleague, COLLEAGUE);
  await colleague.getByTestId('transcript').waitFor();
  // Both write before either is saved.
  for (const one of [page, colleague]) {
    await sentence(one, 2).hover();
    await sentence(one, 2).getByTestId('edit-segment').click();
  }
  await editor(page).locator('textarea').fill('我写的。');
  await editor(colleague).locator('textarea').fill('同事写的。');
  const either = (state) => page.locator(`[data-state=${state}]`).or(page.locator('nothing'));
  await Promise.race([either('conflict').waitFor(), colleague.locator('[data-state=conflict]').waitFor()]);
  const mine = (await page.locator('[data-testid=segment-editor][data-state=conflict]').count()) === 1;
  const loser = mine ? page : colleague;
  const [own, other] = mine ? ['我写的。', '同事写的。'] : ['同事写的。', '我写的。'];
  assert.equal(await editor(loser).locator('textarea').inputValue(), own, 'what was typed stays');
  assert.match(await editor(loser).locator('.theirs').innerText(), new RegExp(other));
  await shot(loser, 'desk-5-conflict');
  await editor(loser).locator('button.primary').click();
  await saved(loser);
  await (mine ? colleague : page).waitForFunction(
    (text) => [...document.querySelectorAll('textarea[rows="1"]')].some((area) => area.value === text),
    own,
  );
  for (const one of [page, colleague]) await one.keyboard.press('Escape');
}

async function useKeys(page) {
  await page.locator('body').click({ position: { x: 5, y: 300 } });
  await page.keyboard.press('?');
  await page.getByTestId('key-help').waitFor();
  await shot(page, 'desk-6-keys');
  await page.keyboard.press('Escape');
  await page.getByTestId('key-help').waitFor({ state: 'detached' });
  await page.keyboard.press(']');
  assert.equal(await page.locator('video').evaluate((video) => video.playbackRate), 1.25);
  await page.keyboard.press(' ');
  await page.waitForFunction(() => document.querySelector('video')?.paused === false);
  await page.keyboard.press(' ');
  await page.waitForFunction(() => document.querySelector('video')?.paused === true);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('e');
  await editor(page).waitFor();
  const at = () => page.locator('video').evaluate((video) => video.currentTime);
  const before = await at();
  await page.keyboard.press('F8');
  assert.ok((await at()) > before, 'a pedal works while one types');
  await page.keyboard.press('Escape');
  await page.getByTestId('search').fill('党');
  await page.getByTestId('replace').waitFor();
}

/** What was said at another place than it is written is marked on both sides, and one leads to the other. */
async function compare(page) {
  await page.getByTestId('compare').check();
  assert.equal(await page.getByTestId('agreements').count(), 2);
  const written = page.locator('[data-testid=written-text] [data-moved]').first();
  await written.waitFor();
  await shot(page, 'desk-17-compared');
  await written.click();
  const said = page.locator('[data-testid=transcript] .target');
  await said.locator('.differs-moved').first().waitFor();
  await page.waitForFunction(() => document.activeElement?.matches('.target [data-testid=segment]'));
  await said.getByTestId('to-written').click();
  await page.locator('[data-testid=written-text] .differs-moved.target').waitFor();
  // By key as well.
  await page.waitForFunction(() => document.activeElement?.matches('[data-moved].target'));
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.matches('.target [data-testid=segment]'));
  await page.emulateMedia({ colorScheme: 'dark' });
  await shot(page, 'desk-18-compared-dark');
  await page.emulateMedia({ colorScheme: null });
  await compareOnPhone(page);
  await page.getByTestId('compare').uncheck();
  assert.equal(await page.locator('.differs-moved').count(), 0);
}

/** One text is in front of the other there: the jump changes them. */
async function compareOnPhone(page) {
  const size = page.viewportSize();
  await page.setViewportSize(PHONE);
  await page.getByRole('tab').nth(1).click();
  await page.locator('[data-testid=written-text] [data-moved]').first().click();
  await page.locator('[data-testid=transcript] .target').waitFor();
  await fits(page);
  await shot(page, 'desk-19-compared-phone');
  await page.locator('[data-testid=transcript] .target .differs-moved').first().click();
  await page.locator('[data-testid=written-text] .target').waitFor();
  await shot(page, 'desk-20-written-phone');
  await page.setViewportSize(size);
}

async function comment(page) {
  await sentence(page, 0).hover();
  await sentence(page, 0).getByTestId('comment-segment').click();
  const form = page.getByTestId('comment-form');
  await form.locator('textarea').fill('<b>哪一天？</b>\nمرحبا');
  await form.locator('input[name=shared]').check();
  await form.locator('button[type=submit]').click();
  await page.getByTestId('comment').getByText('<b>哪一天？</b>').waitFor();
  await page.getByTestId('new-comment').click();
  await form.locator('textarea').fill('电话核实');
  await form.locator('button[type=submit]').click();
  await page.getByTestId('comment').getByText('电话核实').waitFor();
  await shot(page, 'desk-7-comments');
}

/** The branch asks, and a reviewer answers with evidence. The author sees it with the decision. */
async function ask(page) {
  const desk = page.url();
  await page.goto(`${BASE_URL}/#/`);
  await page.getByTestId('rubrics-link').click();
  const form = page.getByTestId('rubrics');
  await form.locator('select[name=kind]').selectOption('study');
  await form.locator('textarea').fill(`${QUESTION}\n举了什么例子？`);
  await form.locator('button[type=submit]').click();
  await form.getByText('已保存。').or(form.getByText('Saved.')).waitFor();
  await fits(page);
  await shot(page, 'desk-13-rubric');
  await page.goto(desk);
  await page.getByTestId('rubric').waitFor();
  const first = page.getByTestId('question').first();
  await first.locator('textarea').fill('谈到了，见开头。');
  await first.getByTestId('evidence-here').click();
  await first.getByTestId('evidence').waitFor();
  await first.locator('[data-testid=answer-form][data-state=saved]').waitFor();
  await page.reload();
  await first.getByTestId('evidence').waitFor();
  assert.equal(await first.locator('textarea').inputValue(), '谈到了，见开头。');
  await page.getByTestId('unanswered').waitFor();
  await shot(page, 'desk-14-answers');
}

async function giveBack(page) {
  await page.getByTestId('return').click();
  await page.locator('#reasons[aria-invalid=true]').waitFor();
  await page.locator('#reasons').fill('请补充日期。');
  await page.getByTestId('return').click();
  await page.getByTestId('decision').getByText('请补充日期。').waitFor();
  assert.equal(await page.getByTestId('decide').count(), 0);
  await shot(page, 'desk-8-returned');
  await page.goto(`${BASE_URL}/#/`);
  await page.getByTestId('queue-filter').waitFor();
}

async function answer(page, address) {
  await page.goto(`${BASE_URL}/#/`);
  await page.goto(address);
  await page.getByTestId('decision').getByText('请补充日期。').waitFor();
  assert.equal(await page.getByTestId('watermark').count(), 0);
  assert.equal(await page.getByTestId('edit-segment').count(), 0, 'nobody corrects their own report');
  assert.equal(await page.getByTestId('comment').count(), 1, 'what is not for them they do not see');
  assert.equal(await page.getByTestId('question').count(), 1, 'answers come with the decision');
  await page.getByTestId('answered').getByText('谈到了，见开头。').waitFor();
  await fits(page);
  await shot(page, 'desk-9-phone');
  await page.getByTestId('comment-segment').nth(1).click();
  await page.getByTestId('comment-form').locator('textarea').fill('我说的是十月一日');
  await page.getByTestId('comment-form').locator('button[type=submit]').click();
  await page.getByTestId('comment').getByText('我说的是十月一日').waitFor();
  await page.getByTestId('again').click();
  await page.getByTestId('video').setInputFiles(VIDEO);
  await page.getByTestId('submit').click();
  await page.locator('[data-state=ready]').first().waitFor(PROCESSED);
}

async function accept(page) {
  // What was handed in anew nobody has opened, so nobody accepts it from the list.
  await page.reload();
  const card = page.getByTestId('report-card').first();
  await card.waitFor();
  assert.equal(await page.getByTestId('pick').count(), 0);
  await card.getByTestId('news-again').waitFor();
  assert.equal(await page.getByTestId('count-todo').innerText(), '1');
  await card.click();
  await page.getByTestId('accept').waitFor(PROCESSED);
  await page.locator('[data-testid=comment]', { hasText: '我说的是十月一日' }).waitFor();
  await page.goto(`${BASE_URL}/#/`);
  await page.getByTestId('pick').check();
  await shot(page, 'desk-10-list');
  await page.getByTestId('accept-picked').locator('button').click();
  await page.getByTestId('confirm').click();
  await page.getByTestId('accept-picked').waitFor({ state: 'detached' });
  await page.getByTestId('step-accepted').click();
  await card.click();
  await page.locator('[data-testid=decision].accept').waitFor();
  assert.equal(await page.getByTestId('stale').count(), 0);
  await sentence(page, 0).hover();
  await sentence(page, 0).getByTestId('edit-segment').click();
  await editor(page).locator('textarea').fill('结论之后的改动。');
  await page.getByTestId('stale').waitFor();
  await shot(page, 'desk-11-accepted');
}

/** Whoever may read it finds the sentence that was corrected last, at its second. */
async function search(page) {
  const [later] = (await page.getByTestId('segment').last().locator('.text').innerText()).match(/\p{Script=Han}{3,}/u);
  await page.getByTestId('search-link').click();
  await page.locator('input[name=words]').waitFor();
  await shot(page, 'search-1-empty');
  const ask = async (words) => {
    await page.locator('input[name=words]').fill(words);
    await page.locator('form[role=search] button').click();
    return page.locator('[data-testid=results]:not([hidden])').or(page.getByTestId('nothing-found')).first().waitFor();
  };
  await ask('没有人说过');
  await page.getByTestId('nothing-found').waitFor();
  await shot(page, 'search-2-nothing');
  // The index follows a few seconds behind.
  await ask('结论 改动');
  const found = page.getByTestId('excerpt').filter({ hasText: '结论之后的改动' });
  for (let tries = 0; tries < 30 && (await found.count()) === 0; tries += 1) {
    await page.waitForTimeout(500);
    await page.reload();
    await page.locator('[data-testid=results]:not([hidden])').or(page.getByTestId('nothing-found')).first().waitFor();
  }
  assert.deepEqual(await found.locator('mark').allInnerTexts(), ['结论', '改动']);
  await shot(page, 'search-3-found');
  await page.locator('select[name=source]').selectOption('written');
  await page.getByTestId('nothing-found').waitFor();
  await page.goBack();
  // Something that is said later, so that there is a second to go to.
  await ask(later);
  const there = page.getByTestId('excerpt').filter({ hasText: later }).first();
  await there.click();
  await page.waitForURL(/#\/reports\/.+at=/);
  const at = Number(new URL(page.url().replace('#/', '')).searchParams.get('at'));
  assert.ok(at > 1, `${at}`);
  await page.waitForFunction((second) => Math.abs(document.querySelector('video')?.currentTime - second) < 0.5, at);
  assert.equal(await page.getByTestId('search').inputValue(), later);
  await shot(page, 'search-4-there');
  await page.goBack();
  await there.waitFor();
}

async function exportIt(page) {
  for (const format of ['docx', 'pdf']) {
    const row = page.locator(`[data-testid=exports] [data-format=${format}]`);
    await row.locator('button').click();
    const link = row.locator('a[download]');
    await link.waitFor(PROCESSED);
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.match(download.suggestedFilename(), new RegExp(`\\.${format}$`));
  }
  await page.locator('[data-testid=exports]').scrollIntoViewIfNeeded();
  await shot(page, 'desk-12-exports');
}

/** The author agrees, a reviewer shows it, others see it without its review, and the author takes it back. */
async function showcase(phone, page, colleague, address) {
  await phone.goto(`${BASE_URL}/#/`);
  await phone.goto(address);
  await phone.getByTestId('consent').check();
  await phone.getByTestId('example-state').locator('p').first().waitFor();
  await fits(phone);
  await page.goto(`${BASE_URL}/#/`);
  await page.goto(address);
  await page.getByTestId('publish').locator('button').click();
  await page.getByTestId('confirm').click();
  await page.getByTestId('see-example').waitFor();
  await colleague.goto(`${BASE_URL}/#/`);
  await colleague.getByTestId('examples-link').click();
  await shot(colleague, 'desk-15-examples');
  await colleague.getByTestId('example').click();
  await colleague.getByTestId('example-page').locator('li').first().waitFor();
  await colleague.getByTestId('watermark').waitFor();
  assert.equal(await colleague.locator('[data-testid=comment], [data-testid=decision]').count(), 0);
  await fits(colleague);
  await shot(colleague, 'desk-16-example');
  await phone.getByTestId('consent').uncheck();
  await phone.getByTestId('see-example').waitFor({ state: 'detached' });
  await colleague.goto(`${BASE_URL}/#/examples`);
  await colleague.getByTestId('examples').locator('li.soft').waitFor();
}

await run(async (browser) => {
  const phone = await open(browser, { viewport: PHONE });
  const desk = await open(browser);
  const colleague = await open(browser);
  const address = await step('an activist hands in', () => handIn(phone));
  await step('a reviewer opens it', () => beginToRead(desk));
  await step('compares it with what is written', () => compare(desk));
  await step('corrects, splits, joins and takes back', () => correct(desk));
  await step('loses nothing without a network', () => survive(desk));
  await step('two reviewers write the same sentence', () => conflict(desk, colleague, address));
  await step('everything by keyboard', () => useKeys(desk));
  await step('comments', () => comment(desk));
  await step('answers what the branch asks', () => ask(desk));
  await step('returns it with reasons', () => giveBack(desk));
  await step('the author answers and hands in again', () => answer(phone, address));
  await step('the reviewer accepts', () => accept(desk));
  await step('shows it as an example, and its author takes it back', () => showcase(phone, desk, colleague, address));
  await step('exports it', () => exportIt(desk));
  await step('and finds it again by its words', () => search(desk));
  assert.deepEqual(complaints, []);
});
