import { expect, test } from 'vitest';
import type { Report } from '../src/lib/api';
import { updated } from '../src/lib/update';

const segment = (id: number, text: string, start = id) => ({
  id, text, start, end: start + 1, words: [], flags: [], confidence: null,
});

const report = {
  id: 'r',
  state: 'ready',
  comments: [],
  transcript: {
    version: 2, language: 'zh', model: 'tiny', no_speech: false, text: '一\n二\n三',
    segments: [segment(1, '一'), segment(2, '二'), segment(3, '三')],
  },
} as unknown as Report;

const head = { language: 'zh', model: 'tiny', no_speech: false };

test('fields are replaced and the text stays the same object', () => {
  const now = updated(report, { fields: { state: 'in_review' }, transcript: null });
  expect(now?.state).toBe('in_review');
  expect(now?.transcript).toBe(report.transcript);
});

test('sentences are changed, left out and put where they belong', () => {
  const changed = [segment(2, '贰'), segment(4, '四', 1.5)];
  const now = updated(report, { fields: {}, transcript: { ...head, version: 3, changed, removed: [3] } });
  expect(now?.transcript?.text).toBe('一\n四\n贰');
  expect(now?.transcript?.version).toBe(3);
  expect(now?.transcript?.segments[0]).toBe(report.transcript?.segments[0]);
});

test('sentences of a text that is not here are none', () => {
  const empty = { ...report, transcript: null } as Report;
  expect(updated(empty, { fields: {}, transcript: { ...head, version: 3, changed: [], removed: [] } })).toBeNull();
});
