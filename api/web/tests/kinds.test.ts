import { expect, it } from 'vitest';
import { en } from '../src/lib/i18n/en';
import { zh } from '../src/lib/i18n/zh';
import { KINDS } from '../src/lib/kinds';
import { parseQuarter, periodChoices, quarterOf } from '../src/lib/period';

it('has a name for every kind in both languages', () => {
  for (const { kinds } of [zh, en]) expect(Object.keys(kinds)).toEqual(KINDS);
});

it('knows the quarter of a day', () => {
  expect(quarterOf(new Date(2026, 0, 1))).toBe('2026Q1');
  expect(quarterOf(new Date(2026, 11, 31, 23, 59))).toBe('2026Q4');
});

it('reads quarters and nothing else', () => {
  expect(parseQuarter('2026Q4')).toEqual({ year: 2026, quarter: 4 });
  for (const other of ['', '2026', '2026Q5', '2026Q10', 'x2026Q1']) expect(parseQuarter(other)).toBeNull();
  expect(zh.quarter(2026, 4)).toBe('2026 年第四季度');
});

it('offers this quarter first, and goes back over the end of the year', () => {
  expect(periodChoices(new Date(2026, 4, 31), 3, '')).toEqual(['2026Q2', '2026Q1', '2025Q4']);
});

it('offers the period of a draft, also an old one', () => {
  expect(periodChoices(new Date(2026, 4, 31), 2, '2026Q1')).toEqual(['2026Q2', '2026Q1']);
  expect(periodChoices(new Date(2026, 4, 31), 2, '2024Q3')).toEqual(['2026Q2', '2026Q1', '2024Q3']);
});
