import { expect, it } from 'vitest';
import { search, segmentAt } from '../src/lib/search';

it('finds every match in order, whatever the case', () => {
  const { parts, where } = search(['Party and party', '没有', 'PARTY'], 'party');
  expect(where).toEqual([0, 0, 2]);
  expect(parts[0]?.map((part) => part.match)).toEqual([0, null, 1]);
  expect(parts.map((found) => found.map((part) => part.text).join(''))).toEqual(['Party and party', '没有', 'PARTY']);
});

it('finds nothing with an empty query', () => {
  expect(search(['党'], '  ').where).toEqual([]);
});

it('keeps positions where lower case is longer', () => {
  const { parts } = search(['İx'], 'x');
  expect(parts[0]?.map((part) => part.text).join('')).toBe('İx');
});

it('finds the segment at a time, a little early too', () => {
  const segments = [{ start: 0 }, { start: 2 }, { start: 4 }];
  expect([-1, 0, 1.95, 3, 9].map((time) => segmentAt(segments, time))).toEqual([-1, 0, 1, 1, 2]);
});
