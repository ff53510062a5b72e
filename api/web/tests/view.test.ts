import { beforeEach, expect, test, vi } from 'vitest';
import { news, opened, see } from '../src/lib/opened';
import { neighbours, remember } from '../src/lib/queue';
import { countOf, FIRST, queryOf, savedViews, saveViews, withView } from '../src/lib/view';
import { paragraphs } from '../src/lib/passages';
import { columns, span } from '../src/lib/waveform';
import { storage } from './storage';

beforeEach(() => {
  vi.stubGlobal('localStorage', storage());
  vi.stubGlobal('sessionStorage', storage());
});

test('a view asks for what it shows', () => {
  expect(queryOf(FIRST)).toEqual({ states: 'ready,in_review', whose: 'others' });
  const view = { ...FIRST, step: 'all', kind: 'study', branch: '/a', contacts: true } as const;
  expect(queryOf(view)).toEqual({ kind: 'study', branch: '/a', whose: 'contacts' });
});

test('views are kept by their names', () => {
  const accepted = { ...FIRST, step: 'accepted' } as const;
  const one = withView([], { name: '一', view: FIRST });
  saveViews(withView(one, { name: '一', view: accepted }));
  expect(savedViews()).toEqual([{ name: '一', view: accepted }]);
});

test('what another version has kept does no harm', () => {
  for (const kept of ['x', '{}', '[1]', '[{"name":"一"}]', '[{"name":"一","view":{"step":"gone"}}]', '[null]']) {
    localStorage.setItem('huibao.views', kept);
    expect(savedViews(), kept).toEqual([]);
  }
  localStorage.setItem('huibao.views', '[{"name":"一","view":{"step":"all"}}]');
  expect(savedViews()[0]?.view.contacts).toBe(false);
});

test('one report of the list follows the other', () => {
  expect(neighbours('b')).toBeNull();
  remember(['a', 'b', 'c']);
  expect(neighbours('b')).toEqual({ earlier: 'a', later: 'c', place: 2, count: 3 });
  expect(neighbours('c')?.later).toBeNull();
  expect(neighbours('d')).toBeNull();
});

test('what was opened is remembered until it is handed in again', () => {
  const [one, other] = [
    { id: 'a', created_at: '1', commented_at: null },
    { id: 'b', created_at: '1', commented_at: null },
  ];
  see(one, 2);
  see(one, 3);
  expect([...opened([one, other])]).toEqual([['a', 3]]);
  expect([...opened([{ ...one, created_at: '2' }])]).toEqual([]);
  localStorage.setItem('huibao.opened', '[1, ["a"], null]');
  expect([...opened([one])]).toEqual([]);
});

test('what has changed since one looked is told', () => {
  const seen = { id: 'a', created_at: '1', transcript_version: 2, commented_at: null };
  const of = (change: object) => news([{ ...seen, ...change }]).get('a');
  expect(of({})).toBe('new');
  see(seen, 2);
  expect(of({})).toBeUndefined();
  expect(of({ transcript_version: 3 })).toBe('text');
  const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5Z'];
  expect(of({ commented_at: early })).toBe('comment');
  see({ ...seen, commented_at: early }, 2);
  expect(of({ commented_at: early })).toBeUndefined();
  expect(of({ commented_at: late })).toBe('comment');
  expect(of({ created_at: '2', transcript_version: 3 })).toBe('again');
  localStorage.setItem('huibao.opened', '[["a", "1", 2]]');
  expect(of({ commented_at: late }), 'an earlier version kept nothing of comments').toBeUndefined();
});

test('a step shows so many', () => {
  const counts = { ready: 2, in_review: 3, accepted: 5, withdrawn: 1 };
  expect([countOf('todo', counts), countOf('returned', counts), countOf('all', counts)]).toEqual([5, 0, 11]);
});

test('the written report has its paragraphs', () => {
  const passage = (text: string) => ({ text, agreement: 'same', start: null, end: null }) as const;
  const found = paragraphs([passage('一。'), passage('二。\n\n'), passage('三')]);
  expect(found.map((one) => one.map((it) => it.text))).toEqual([['一。', '二。\n\n'], ['三']]);
  expect(found.flat().map((one) => one.index), 'places in the comparison').toEqual([0, 1, 2]);
});

test('a recording has its shape, however wide', () => {
  const peaks = Uint8Array.from([0, 50, 100, 25]);
  expect(columns(peaks, 2)).toEqual([0.5, 1]);
  expect(columns(peaks, 8)).toEqual([0, 0, 0.5, 0.5, 1, 1, 0.25, 0.25]);
  expect(columns(new Uint8Array(), 2)).toEqual([0, 0]);
  expect(span(1, 2, 4, 100)).toEqual([25, 50]);
  expect(span(3.99, 9, 4, 100), 'it is seen, and ends with the picture').toEqual([100, 101]);
  expect(span(0, 0, 0, 100)).toEqual([0, 1]);
});
