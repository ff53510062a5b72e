import { beforeEach, expect, test, vi } from 'vitest';
import type { Report } from '../src/lib/api';
import { keep, recall } from '../src/lib/unsaved';
import { storage } from './storage';

vi.stubGlobal('navigator', { language: 'zh-CN' });
const { Review } = await import('../src/lib/review.svelte');

const segment = (id: number, text: string) => ({ id, text, start: id, end: id + 1, words: [], flags: [], confidence: null });

function report(texts: readonly string[], version = 2): Report {
  const segments = texts.map((text, index) => segment(index + 1, text));
  return {
    id: 'r',
    may_review: true,
    state: 'ready',
    comments: [],
    submission: { id: 's', version: 1 },
    transcript: { version, segments, text: '' },
  } as unknown as Report;
}

beforeEach(() => {
  vi.stubGlobal('localStorage', storage());
  vi.stubGlobal('fetch', vi.fn(() => Promise.reject(new TypeError('offline'))));
});

test('what a page that was closed could not save is there again', () => {
  keep('r', 2, { read: '二', text: '两个' });
  const review = new Review(report(['一', '二']));
  expect([review.editor?.id, review.editor?.text, review.editor?.state]).toEqual([2, '两个', 'waiting']);
  review.drop();
  expect(recall('r', 2)).toBeNull();
});

test('what was typed in a sentence that is gone is not lost', () => {
  keep('r', 2, { read: '二', text: '两个' });
  const review = new Review(report(['一']));
  expect([review.editor?.text, review.editor?.state, review.editor?.theirs]).toEqual(['两个', 'conflict', null]);
  expect(review.editsWhatIsGone).toBe(true);
  expect(recall('r', 2)?.text).toBe('两个');
});

test('an older answer does not overtake what is shown', () => {
  const review = new Review(report(['新'], 3));
  review.receive(report(['旧'], 2));
  expect(review.segments[0]?.text).toBe('新');
  review.receive({ ...report(['再交'], 2), submission: { id: 't', version: 2 } } as Report);
  expect(review.segments[0]?.text, 'another submission counts from the beginning').toBe('再交');
});

test('whoever only reads opens nothing', () => {
  keep('r', 1, { read: '一', text: '二' });
  const review = new Review({ ...report(['一']), may_review: false });
  expect(review.editor).toBeNull();
  review.edit(1);
  expect(review.editor).toBeNull();
});
