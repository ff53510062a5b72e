/** How the text of a prompter moves. */

/** Characters per minute. Mandarin is spoken at 180 to 260. */
export const SPEEDS = { least: 80, most: 360, step: 20, usual: 200 };
/** Pixels. */
export const SIZES = { least: 18, most: 44, step: 4, usual: 26 };

/** Words of other scripts take about as long as two characters. */
export function spokenLength(text: string): number {
  const words = text.match(/[\p{Script=Latin}\p{N}]+/gu) ?? [];
  const characters = text.match(/\p{Script=Han}/gu) ?? [];
  return characters.length + words.length * 2;
}

/** Pixels per second for a text of this length and height. */
export function pixelsPerSecond(speed: number, length: number, height: number): number {
  return length > 0 ? (height * speed) / (length * 60) : 0;
}

/** Where the text stands, in whole lines for those who do not want things to move. */
export function position(scrolled: number, lineHeight: number, still: boolean): number {
  return still && lineHeight > 0 ? Math.floor(scrolled / lineHeight) * lineHeight : scrolled;
}
