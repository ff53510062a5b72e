import { describe, expect, test } from 'vitest';
import type { Comment, Correction } from '../src/lib/api';
import { changeOf, difference, undoable } from '../src/lib/history';
import { deskAction } from '../src/lib/keys';
import { gaps, skipFrom } from '../src/lib/silence';
import { openBySegment, quoteOf, threads, timeOf, withComment } from '../src/lib/threads';

describe('the keys of the desk', () => {
  const key = (name: string, keys: Partial<KeyboardEvent> = {}) => ({
    key: name, altKey: false, ctrlKey: false, metaKey: false, ...keys,
  });

  test('act while nobody types', () => {
    expect(deskAction(key(' '), false, false)).toBe('toggle');
    expect(deskAction(key('E'), false, false)).toBe('edit');
    expect(deskAction(key('ArrowDown'), false, false)).toBe('next');
    expect(deskAction(key('x'), false, false)).toBeNull();
  });

  test('leave fields, controls and the browser alone', () => {
    expect(deskAction(key('e'), true, false)).toBeNull();
    expect(deskAction(key(' '), false, true)).toBeNull();
    expect(deskAction(key('n', { ctrlKey: true }), false, false)).toBeNull();
    expect(deskAction(key('ArrowLeft', { altKey: true }), false, false)).toBeNull();
  });

  test('of pedals work while one types', () => {
    expect(deskAction(key('F7'), true, false)).toBe('back');
    expect(deskAction(key('F9'), true, false)).toBe('toggle');
    expect(deskAction(key(' ', { ctrlKey: true }), true, false)).toBe('toggle');
  });
});

describe('silence', () => {
  const segments = [{ start: 3, end: 5 }, { start: 5.5, end: 8 }, { start: 20, end: 21 }];

  test('is what lies between sentences', () => {
    expect(gaps(segments)).toEqual([{ start: 0, end: 2.7 }, { start: 8, end: 19.7 }]);
    expect(gaps([])).toEqual([]);
  });

  test('is left out up to where somebody speaks', () => {
    const all = gaps(segments);
    expect(skipFrom(all, 0)).toBe(2.7);
    expect(skipFrom(all, 4)).toBeNull();
    expect(skipFrom(all, 8.1)).toBe(19.7);
    expect(skipFrom(all, 19.6), 'it is no use').toBeNull();
    expect(skipFrom(all, 30)).toBeNull();
  });
});

describe('comments', () => {
  const comment = (id: string, fields: Partial<Comment> = {}) =>
    ({ id, parent: null, anchor: { kind: 'report' }, resolved_at: null, removed_at: null, ...fields }) as Comment;
  const at = (segment: number) => ({ kind: 'segment', segment, at: 1.5, quote: '一' }) as const;

  test('are added, changed and removed', () => {
    const all = [comment('a'), comment('b', { parent: 'a' })];
    const ids = (said: ReturnType<typeof comment>) => withComment(all, said).map(({ id, text }) => `${id}${text}`);
    expect(ids(comment('c', { text: '!' }))).toEqual([`a${all[0]?.text}`, `b${all[1]?.text}`, 'c!']);
    expect(ids(comment('b', { parent: 'a', text: '!' }))).toEqual([`a${all[0]?.text}`, 'b!']);
    expect(ids(comment('b', { parent: 'a', removed_at: 'now' })).length).toBe(1);
    expect(ids(comment('a', { text: '', removed_at: 'now' }))).toEqual(['a', `b${all[1]?.text}`]);
  });

  test('are read in threads', () => {
    const all = threads([comment('a'), comment('b'), comment('c', { parent: 'a' }), comment('d', { parent: 'gone' })]);
    expect(all.map(({ first, answers }) => [first.id, answers.map((one) => one.id)])).toEqual([
      ['a', ['c']],
      ['b', []],
    ]);
  });

  test('are counted beside their sentences until they are settled', () => {
    const all = threads([
      comment('a', { anchor: at(3) }),
      comment('b', { anchor: at(3) }),
      comment('c', { anchor: at(3), resolved_at: '2026-11-28T00:00:00Z' }),
      comment('d', { parent: 'a', anchor: at(3) }),
    ]);
    expect([...openBySegment(all)]).toEqual([[3, 2]]);
  });

  test('say where they belong', () => {
    expect(timeOf(comment('a', { anchor: at(3) }))).toBe(1.5);
    expect(timeOf(comment('a'))).toBeNull();
    expect(quoteOf(comment('a', { anchor: { kind: 'written', quote: '敬爱' } }))).toBe('敬爱');
  });
});

describe('the history of corrections', () => {
  test('shows what differs', () => {
    expect(difference('我志园加入', '我志愿加入')).toEqual({ start: '我志', removed: '园', added: '愿', end: '加入' });
    expect(difference('好', '好好')).toEqual({ start: '好', removed: '', added: '好', end: '' });
    expect(difference('𠮷一', '𠮷二')).toEqual({ start: '𠮷', removed: '一', added: '二', end: '' });
    expect(difference('一', '')).toEqual({ start: '', removed: '一', added: '', end: '' });
  });

  test('shows a split as the sentences one after the other', () => {
    const segment = (text: string) => ({ text }) as never;
    const changes = [
      { id: 1, before: segment('一，二。'), after: segment('一。') },
      { id: 2, before: null, after: segment('二。') },
    ];
    expect(changeOf(changes)).toEqual({ start: '一', removed: '，', added: '。', end: '二。' });
  });

  test('takes back the newest of one’s own that still holds', () => {
    const correction = (version: number, own: boolean, undoes: number | null = null) =>
      ({ version, own, undoes, changes: [], person: null, at: '' }) as Correction;
    const all = [correction(7, true, 5), correction(6, false), correction(5, true), correction(3, true)];
    expect(undoable(all)?.version).toBe(3);
    expect(undoable([correction(6, false)])).toBeNull();
  });
});
