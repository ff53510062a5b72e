import { expect, test } from 'vitest';
import { growth, line, perHour, roundUp, x, y } from '../src/lib/plots';

const frame = { from: 0, to: 100, top: 10, width: 200, height: 50 };

test('the top of a plot is a round number', () => {
  expect([0, 0.3, 1, 7, 12, 51].map((value) => roundUp(value))).toEqual([1, 0.5, 1, 10, 20, 100]);
  expect(roundUp(3_100_000_000)).toBe(5_000_000_000);
});

test('values and times are places in the picture', () => {
  expect([x(frame, 50), y(frame, 0), y(frame, 10), y(frame, 12)]).toEqual([100, 50, 0, 0]);
});

test('nothing is drawn where nothing was measured', () => {
  const points = [0, 10, 20, 80, 90].map((at) => ({ at, value: 5 }));
  expect(line(points, frame, 10)).toBe('M0.0,25.0h0L20.0,25.0L40.0,25.0M160.0,25.0h0L180.0,25.0');
  expect(line([], frame, 10)).toBe('');
});

test('growth and rates', () => {
  expect(growth([{ at: 0, value: 3 }, { at: 1, value: 9 }])).toBe(6);
  expect(growth([])).toBe(0);
  expect(perHour(4, 1800)).toBe(8);
});
