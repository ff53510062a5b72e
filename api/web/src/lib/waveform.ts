/** The shape of a recording, as it is drawn. */

/** Seconds that one value stands for. */
export const STEP = 0.05;

/** The loudest value for each column of a picture, 0 to 1, with the loudest of all at the top. */
export function columns(peaks: Uint8Array, width: number): number[] {
  const top = peaks.reduce((most, value) => Math.max(most, value), 1);
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * peaks.length) / width);
    const to = Math.max(Math.floor(((column + 1) * peaks.length) / width), from + 1);
    return peaks.subarray(from, to).reduce((most, value) => Math.max(most, value), 0) / top;
  });
}

/** From which column to which something lies that lasts from `start` to `end` seconds. */
export function span(start: number, end: number, seconds: number, width: number): [number, number] {
  const at = (time: number) => Math.round((Math.min(Math.max(time / seconds, 0), 1) || 0) * width);
  return [at(start), Math.max(at(end), at(start) + 1)];
}
