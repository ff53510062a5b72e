/** The geometry of plots: small enough that no package is needed. */

/** A point: when, in milliseconds, and what was measured. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/** What is drawn, in units of the picture. */
export interface Frame {
  readonly from: number;
  readonly to: number;
  /** The value at the top. */
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A round number at or above a value: 1, 2 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const scale = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * scale >= value) ?? 10;
  return step * scale;
}

export function x(frame: Frame, at: number): number {
  return ((at - frame.from) / (frame.to - frame.from)) * frame.width;
}

export function y(frame: Frame, value: number): number {
  return frame.height - (Math.min(value, frame.top) / frame.top) * frame.height;
}

/** The line through points, with a gap where nothing was measured for longer than two steps. */
export function line(points: readonly Point[], frame: Frame, stepMs: number): string {
  let path = '';
  let before: number | null = null;
  for (const { at, value } of points) {
    const begins = before === null || at - before > 2.5 * stepMs;
    const place = `${x(frame, at).toFixed(1)},${y(frame, value).toFixed(1)}`;
    // A point that stands alone is a dot: a line of no length with a round end.
    path += begins ? `M${place}h0` : `L${place}`;
    before = at;
  }
  return path;
}

/** How much the last value is more than the first. */
export function growth(points: readonly Point[]): number {
  const [first, last] = [points[0], points.at(-1)];
  return first === undefined || last === undefined ? 0 : last.value - first.value;
}

/** What was counted in a step, as a rate per hour. */
export function perHour(count: number, stepSeconds: number): number {
  return (count * 3600) / stepSeconds;
}
