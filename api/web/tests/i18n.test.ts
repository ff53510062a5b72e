import { expect, it } from 'vitest';
import { en } from '../src/lib/i18n/en';
import { zh } from '../src/lib/i18n/zh';

/** The paths of all texts in a dictionary. */
function paths(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => paths(inner, `${path}.${key}`));
}

it('has every text in both languages, and none is empty', () => {
  expect(paths(en).sort()).toEqual(paths(zh).sort());
  const empty = [en, zh].flatMap((texts) => JSON.stringify(texts).match(/:""/g) ?? []);
  expect(empty).toEqual([]);
});

it('has Chinese texts in the Chinese dictionary', () => {
  expect(zh.upload.heading).toMatch(/\p{Script=Han}/u);
  expect(en.upload.heading).not.toMatch(/\p{Script=Han}/u);
});
