// The pictures of the READMEs and of the guide, of a server with a few reports that can be read:
//
//   BASE_URL=http://127.0.0.1:8080 HUIBAO_TEST_PASSWORD=… ACTIVIST=lixm REVIEWER=wangf OPERATOR=admin \
//     SHOTS=docs/images node pictures.mjs
//
// All three have the same password.

import { join } from 'node:path';
import { BASE_URL, open, PHONE, run, SHOTS, signIn, step } from './lib.mjs';

const { ACTIVIST, REVIEWER, OPERATOR } = process.env;

async function picture(page, name) {
  // Nothing is hovered, and what is loaded later is there.
  await page.mouse.move(0, 0);
  await page.waitForTimeout(800);
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

async function visit(browser, name, options) {
  const page = await open(browser, { deviceScaleFactor: 1, ...options });
  await page.goto(`${BASE_URL}/`);
  await signIn(page, name);
  return page;
}

async function desk(browser) {
  const page = await visit(browser, REVIEWER);
  await page.getByTestId('step-all').click();
  await page.getByTestId('report-card').first().waitFor();
  await picture(page, 'queue');
  await page.getByTestId('report-card').first().click();
  await page.locator('canvas[data-loaded=true]').waitFor();
  await page.getByTestId('compare').check();
  const sentence = page.locator('[data-testid=transcript] ol li').nth(1);
  await page.getByTestId('segment').nth(2).click();
  await sentence.hover();
  await sentence.getByTestId('edit-segment').click();
  await page.locator('textarea[rows="1"]').blur();
  await page.evaluate(() => scrollTo(0, 0));
  await picture(page, 'desk');
}

await run(async (browser) => {
  await step('a phone', async () => {
    const page = await visit(browser, ACTIVIST, { viewport: PHONE, deviceScaleFactor: 2 });
    await page.getByTestId('hand-in').waitFor();
    await picture(page, 'hand-in-phone');
  });
  await step('the desk', () => desk(browser));
  await step('people and the console', async () => {
    const page = await visit(browser, OPERATOR);
    await page.goto(`${BASE_URL}/#/people`);
    await page.getByText('李晓明').first().waitFor();
    await picture(page, 'people');
    await page.goto(`${BASE_URL}/#/console`);
    await page.getByTestId('jobs').waitFor();
    await picture(page, 'console');
  });
});
