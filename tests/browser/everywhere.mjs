// Every page, for each who sees it: at twice its size, in both languages, with names that are long or run from right to
// left. And the first page on a slow phone: what it weighs, and when it can be used.
//
//   BASE_URL=http://127.0.0.1:8080 HUIBAO_TEST_NAME=li HUIBAO_TEST_REVIEWER=wang HUIBAO_TEST_OPERATOR=root \
//     HUIBAO_TEST_PASSWORD=… REPORT=id ROUND=id [SHOTS=folder] node everywhere.mjs
//
// All three have the same password. The time is printed; nothing is asserted of it, because it is the machine's as well.
//
// Exit code 0 if everything was as expected, 1 if not.

import assert from 'node:assert/strict';
import { BASE_URL, complaints, fits, NAME, open, PHONE, run, shot, signIn, step } from './lib.mjs';

const { HUIBAO_TEST_REVIEWER: REVIEWER, HUIBAO_TEST_OPERATOR: OPERATOR, REPORT, ROUND } = process.env;

/** What somebody sees who has set 200 % on a screen of 1440 × 900. */
const TWICE = { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 };

const PAGES = {
  [NAME]: ['', 'account', 'notices', 'search?q=%E5%85%9A', `reports/${REPORT}`, `rounds/${ROUND}`],
  [REVIEWER]: ['', 'account', 'notices', 'search?q=%E5%85%9A', `reports/${REPORT}`, `rounds/${ROUND}`],
  [OPERATOR]: ['', 'account', 'people', 'channels', 'audit', 'console'],
};

/** Most bytes of script, compressed, before the first page can be used. */
const BUDGET = 150_000;

/** Labels that do not fit into what they stand in, unless they say by an ellipsis that there is more. */
const cutOff = (page) =>
  page.evaluate(() => {
    const labels = document.querySelectorAll('button, .button, h1, h2, h3, summary, th, legend, option:checked');
    const tooWide = (one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1;
    const meant = (one) => ['ellipsis'].includes(getComputedStyle(one).textOverflow) || one.closest('.sr-only') !== null;
    const shown = (one) => one.offsetParent !== null && getComputedStyle(one).display !== 'inline';
    return [...labels].filter((one) => shown(one) && tooWide(one) && !meant(one)).map((one) => one.outerHTML.slice(0, 120));
  });

async function visit(browser, name) {
  const page = await open(browser, TWICE);
  await page.goto(`${BASE_URL}/`);
  await signIn(page, name);
  for (const language of ['zh', 'en']) {
    const is = () => page.evaluate((wanted) => document.documentElement.lang.startsWith(wanted), language);
    if (!(await is())) await page.getByTestId('language').click();
    assert.ok(await is(), language);
    for (const path of PAGES[name]) {
      await page.goto(`${BASE_URL}/#/${path}`);
      await page.locator('main :is(h1, h2)').first().waitFor();
      await page.waitForFunction(() => !/加载中|Loading/.test(document.querySelector('main').innerText));
      const where = `${name}-${language}-${path.split(/[/?]/)[0] || 'home'}`;
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) complaints.push(`${where}: ${over} pixels wider than the screen`);
      for (const label of await cutOff(page)) complaints.push(`${where}: cut off: ${label}`);
      await shot(page, `everywhere-${where}`);
    }
  }
  await page.close();
}

/** Four times as slow a processor, 1.6 Mbit/s, 150 ms: what Lighthouse calls a slow phone. */
async function slow(browser) {
  const page = await open(browser, { viewport: PHONE });
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750,
  });
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  let bytes = 0;
  const scripts = new Set();
  session.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.add(requestId));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength;
  });
  const begin = Date.now();
  await page.goto(`${BASE_URL}/`, { waitUntil: 'commit' });
  await page.locator('input[name=username]').click();
  const usable = Date.now() - begin;
  console.log(`      usable after ${(usable / 1000).toFixed(1)} s, ${(bytes / 1000).toFixed(0)} kB of script`);
  assert.ok(bytes > 20_000 && bytes < BUDGET, `${bytes} bytes of script`);
  await signIn(page);
  await page.getByTestId('submit').waitFor();
  await fits(page);
  console.log(`      signed in, and able to hand in, after ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  assert.ok(bytes < BUDGET, `${bytes} bytes of script`);
  await page.close();
}

await run(async (browser) => {
  await step('the first page on a slow phone', () => slow(browser));
  for (const name of Object.keys(PAGES)) await step(`all pages of ${name}`, () => visit(browser, name));
  assert.deepEqual(complaints, []);
});
