// What the walks through the pages share: a browser, somebody who signs in, and what must not happen meanwhile.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const { BASE_URL, SHOTS, HUIBAO_TEST_NAME: NAME, HUIBAO_TEST_PASSWORD: PASSWORD } = process.env;
export const { CHROMIUM = '/usr/bin/chromium' } = process.env;
export const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export const PHONE = { width: 390, height: 844 };

/** What must not happen on any page: script errors, console errors, policy violations. */
export const complaints = [];
export const statuses = new Map();

/**
 * What browsers report as an error and is none: the page asks who is signed in before somebody is, and the test
 * breaks connections or takes the network away; of two who correct one sentence, one is refused.
 */
function isExpected(message) {
  if (message.text().includes('ERR_INTERNET_DISCONNECTED')) return true;
  const { pathname } = new URL(message.location().url || BASE_URL);
  if (pathname === '/api/v1/me') return message.text().includes('401');
  if (pathname.endsWith('/corrections')) return /ERR_FAILED|412/.test(message.text());
  return pathname.startsWith('/api/v1/uploads/') && message.text().includes('ERR_FAILED');
}

/** Opens a page, with cookies of its own, whose complaints are heard. */
export async function open(browser, options = {}) {
  return heard(await browser.newPage({ locale: 'zh-CN', viewport: { width: 1440, height: 900 }, ...options }));
}

/** Hears the complaints of a page. */
export async function heard(page) {
  page.on('pageerror', (error) => complaints.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' || isExpected(message)) return;
    complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('response', (response) => statuses.set(new URL(response.url()).pathname, response.status()));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return page;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Remembers what keeps somebody from using the page as it is now: what axe calls serious or critical. */
async function hear(page, name) {
  await page.evaluate(AXE);
  // Whose screen it is, stands on it faintly and on purpose; it is no text to read.
  const found = await page.evaluate(async () => {
    const context = { exclude: [['[data-testid=watermark]']] };
    return (await axe.run(context, { resultTypes: ['violations'] })).violations;
  });
  for (const { id, impact, nodes } of found.filter((one) => ['serious', 'critical'].includes(one.impact))) {
    const where = nodes.slice(0, 3).map((node) => `${node.target.join(' ')}: ${node.any[0]?.message ?? ''}`);
    complaints.push(`${name}: axe: ${impact}: ${id} (${nodes.length})\n        ${where.join('\n        ')}`);
  }
}

/** A state of a page that is worth looking at: nobody must be kept from using it. */
export async function shot(page, name) {
  await hear(page, name);
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

export async function step(name, work) {
  const begin = Date.now();
  const result = await work();
  console.log(`ok    ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
  return result;
}

/** That nothing is cut off: the page is no wider than the screen. */
export async function fits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `the page is ${over} pixels wider than the screen`);
}

export async function signIn(page, name = NAME, password = PASSWORD) {
  await page.getByTestId('sign-in').waitFor();
  await page.locator('input[name=username]').fill(name);
  await page.locator('input[name=password]').fill(password);
  await page.getByTestId('sign-in').locator('button[type=submit]').click();
  await page.getByTestId('account').waitFor();
}

/** Walks, with what browsers the walk opens; the exit code is 1 if something was not as expected. */
export async function attempt(walk) {
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  try {
    await walk();
    console.log('PASS');
  } catch (error) {
    console.error(`FAIL  ${error.stack}`);
    if (complaints.length > 0) console.error(`      ${complaints.join('\n      ')}`);
    process.exitCode = 1;
  }
}

/** Runs a walk with a browser. */
export async function run(walk) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  await attempt(() => walk(browser));
  await browser.close();
}
