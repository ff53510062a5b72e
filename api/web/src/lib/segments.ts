/** What a reader should know about segments. */

import type { Segment, SegmentFlag } from './api';

/** Below this the recogniser's own confidence is worth a second look. */
const UNSURE_BELOW = 0.6;

export function isUnsure(segment: Segment): boolean {
  return segment.confidence !== null && segment.confidence < UNSURE_BELOW;
}

/** Every flag that occurs, once, in a fixed order. */
export function flagsIn(segments: readonly Segment[]): SegmentFlag[] {
  const order: SegmentFlag[] = ['unclear', 'known_phantom', 'repetition'];
  return order.filter((flag) => segments.some((segment) => segment.flags.includes(flag)));
}
