/** How much longer a recording may become. */

import type { Info } from '../api';

/** From here on, the page says how much is left. */
const NEAR_SECONDS = 60;
/** What is still in the recorder when it is stopped. */
const SPARE_SECONDS = 3;

/** Seconds that are left at the rate of the recording so far; infinite if nothing limits it. */
export function secondsLeft(seconds: number, bytes: number, info: Info | null): number {
  if (info === null) return Number.POSITIVE_INFINITY;
  const { max_duration_seconds, max_video_bytes } = info.limits;
  // The first seconds tell little about the rate.
  const rate = seconds > 5 ? bytes / seconds : 0;
  const bySize = rate > 0 ? (max_video_bytes - bytes) / rate : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(max_duration_seconds - seconds, bySize) - SPARE_SECONDS);
}

export function isNear(left: number): boolean {
  return left <= NEAR_SECONDS;
}
