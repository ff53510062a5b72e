/** What a browser records into, and how finely. */

/**
 * The first that a browser can do. H.264 with AAC needs no transcoding at the server; VP8 costs a phone the least of
 * the others. Plain `video/mp4` is for Safari, which does not name its codecs; elsewhere it could be anything.
 */
const MIMES = [
  'video/mp4;codecs=avc1.4D401F,mp4a.40.2',
  'video/mp4;codecs=avc1.42E01F,mp4a.40.2',
  'video/mp4;codecs=avc1.42E01E,mp4a.40.2',
  'video/webm;codecs=vp8,opus',
  'video/webm',
  'video/mp4',
];

/** A phone's upstream must keep up with both together. */
export const VIDEO_BITS = 1_500_000;
export const AUDIO_BITS = 96_000;

export function chooseMime(isSupported: (mime: string) => boolean): string | null {
  return MIMES.find(isSupported) ?? null;
}

export function extensionOf(mime: string): string {
  return mime.startsWith('video/mp4') ? 'mp4' : 'webm';
}

/** `20261128-0905`, for the name of a recording. */
export function stamp(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}`;
}
