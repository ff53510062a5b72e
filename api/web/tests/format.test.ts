import { expect, it } from 'vitest';
import { bytes, clock, percent } from '../src/lib/format';

it('writes durations', () => {
  expect([0, 65, 3723, -1].map(clock)).toEqual(['0:00', '1:05', '1:02:03', '0:00']);
});

it('writes sizes as phones do', () => {
  expect([0, 999, 1000, 12_345_678, 999_950].map(bytes)).toEqual(['0 B', '999 B', '1 kB', '12.3 MB', '1 MB']);
});

it('keeps fractions within bounds', () => {
  expect([-1, 0.999, 2].map(percent)).toEqual(['0%', '99%', '100%']);
});
