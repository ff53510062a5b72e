import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Export } from '../src/lib/api';

vi.stubGlobal('navigator', { language: 'zh-CN' });
const { Exports, formatsOf, isPending, newest } = await import('../src/lib/exports.svelte');

const one = (fields: Partial<Export>): Export =>
  ({ id: '1', format: 'docx', state: 'queued', progress: 0, error: null, file: null, ...fields }) as Export;

let answers: Export[][] = [];
let asked: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  [answers, asked] = [[], []];
  vi.stubGlobal('fetch', (path: string, options: RequestInit) => {
    asked.push(`${options.method} ${path.replace(/.*\/api\/v1\//, '').replace(/[?&]lang=../, '')}`);
    const exports = options.method === 'POST' ? one({}) : { exports: answers.shift() ?? [], next: null };
    return Promise.resolve(new Response(JSON.stringify(exports), { status: 200 }));
  });
});

afterEach(() => {
  vi.useRealTimers();
});

it('offers what can be made of something', () => {
  expect(formatsOf({ report: '1' })).toEqual(['docx', 'pdf']);
  expect(formatsOf({ round: '1' })).toEqual(['table', 'archive']);
});

it('shows the newest of each format', () => {
  const list = [one({ id: '3' }), one({ id: '2', format: 'pdf', state: 'done' }), one({ id: '1', state: 'dead' })];
  const made = newest(list);
  expect([made.docx?.id, made.pdf?.id, made.archive]).toEqual(['3', '2', undefined]);
  expect(list.map(isPending)).toEqual([true, false, false]);
});

it('follows an export until it is made, and asks no more', async () => {
  answers = [[], [one({})], [one({ state: 'running', progress: 0.5 })], [one({ state: 'done' })]];
  const exports = new Exports({ report: 'r' });
  await exports.refresh();
  await exports.request('docx');
  expect(asked).toEqual(['GET exports?report=r', 'POST reports/r/exports', 'GET exports?report=r']);
  await vi.advanceTimersByTimeAsync(1_600);
  expect(exports.made.docx?.progress).toBe(0.5);
  await vi.advanceTimersByTimeAsync(1_600);
  expect(exports.made.docx?.state).toBe('done');
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.length).toBe(before);
});

it('goes on following one that was begun before, and stops when the page is left', async () => {
  answers = [[one({ format: 'archive' })], [one({ format: 'archive' })]];
  const exports = new Exports({ round: 'r' });
  await exports.refresh();
  await vi.advanceTimersByTimeAsync(1_600);
  expect(asked.length).toBe(2);
  exports.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.length).toBe(2);
});
