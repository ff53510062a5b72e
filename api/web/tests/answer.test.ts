import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Answer } from '../src/lib/api';
import { above, questionsIn, withAnswer } from '../src/lib/rubrics';

vi.stubGlobal('navigator', { language: 'zh-CN' });
const { AnswerEditor } = await import('../src/lib/answer.svelte');

/** A server with one answer. */
let kept: { text: string; evidence: unknown[]; revision: number };
let failing: number | null;

function respond(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

beforeEach(() => {
  vi.useFakeTimers();
  kept = { text: '', evidence: [], revision: 0 };
  failing = null;
  vi.stubGlobal(
    'fetch',
    vi.fn((_: string, init: RequestInit) => {
      if (failing !== null) return Promise.resolve(respond(failing, { code: 'unavailable', detail: '' }));
      const read = (init.headers as Record<string, string>)['if-match'];
      if (read !== `"a${kept.revision}"`) return Promise.resolve(respond(412, { code: 'outdated', detail: '' }));
      kept = { ...JSON.parse(init.body as string), revision: kept.revision + 1 };
      return Promise.resolve(respond(200, kept));
    }),
  );
});

afterEach(() => {
  vi.useRealTimers();
});

const open = () => new AnswerEditor('r', 'q', undefined, () => {});

test('an answer is saved when typing pauses, and evidence at once', async () => {
  const editor = open();
  editor.type('有');
  await vi.advanceTimersByTimeAsync(500);
  expect([editor.state, kept.revision]).toEqual(['waiting', 0]);
  await vi.advanceTimersByTimeAsync(600);
  expect([editor.state, kept.text, kept.revision]).toEqual(['saved', '有', 1]);
  editor.add({ kind: 'time', at: 3 });
  editor.add({ kind: 'time', at: 3 });
  await vi.advanceTimersByTimeAsync(10);
  expect([kept.evidence.length, kept.revision]).toEqual([1, 2]);
});

test('what cannot be saved is tried again', async () => {
  const editor = open();
  failing = 503;
  editor.type('有');
  await editor.save();
  expect(editor.state).toBe('failed');
  failing = null;
  await vi.advanceTimersByTimeAsync(6_000);
  expect([editor.state, kept.text]).toEqual(['saved', '有']);
});

test('two pages in conflict keep both texts until one is chosen', async () => {
  const editor = open();
  kept = { text: '那边', evidence: [], revision: 4 };
  editor.type('这边');
  await editor.save();
  expect(editor.state).toBe('failed');
  editor.seen(kept as unknown as Answer);
  expect([editor.state, editor.text, editor.theirs?.text]).toEqual(['conflict', '这边', '那边']);
  await editor.keepMine();
  expect([editor.state, kept.text, kept.revision]).toEqual(['saved', '这边', 5]);
});

test('what was written elsewhere is shown where nothing is being written', () => {
  const editor = open();
  editor.seen({ text: '那边', evidence: [], revision: 2 });
  expect([editor.state, editor.text]).toEqual(['saved', '那边']);
  editor.seen({ text: '旧', evidence: [], revision: 1 });
  expect(editor.text).toBe('那边');
});

test('a question is open until words and evidence are there', () => {
  const asked = { id: 'q', text: '?', current: true, open: true, answers: [] };
  const answer = { own: true, text: '有', evidence: [], revision: 1 } as unknown as Answer;
  expect(withAnswer([asked], 'q', answer)[0]?.open).toBe(true);
  const whole = { ...answer, evidence: [{ kind: 'time' as const, at: 1 }] };
  expect(withAnswer([asked], 'q', whole)[0]).toEqual({ ...asked, open: false, answers: [whole] });
});

test('the nearest branch above that asks something is shown', () => {
  const rubric = (branch: string, ...texts: string[]) => {
    const questions = texts.map((text) => ({ id: text, text }));
    return { branch, kind: 'study' as const, questions, revision: 1, changed_at: '', may_change: true };
  };
  const all = [rubric('/', '一'), rubric('/a', '二'), rubric('/a/b'), rubric('/a/b/c', '三')];
  expect(above(all, '/a/b/c', 'study')?.branch).toBe('/a');
  expect(above(all, '/aa', 'study')?.branch).toBe('/');
  expect(above(all, '/a', 'oath')).toBeUndefined();
  expect(questionsIn(' 一？ \n\n二？\n一？')).toEqual(['一？', '二？']);
});
