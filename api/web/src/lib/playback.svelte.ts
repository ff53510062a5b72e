/** State that the player and the transcript share. */

import { type Gap, skipFrom } from './silence';

/** Speeds to choose from. */
export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5] as const;

export class Playback {
  /** Seconds from the start of the video. */
  time = $state(0);
  playing = $state(false);
  /** Speed; browsers keep the pitch. */
  rate = $state<number>(1);
  /** Whether playing leaves out where nobody speaks. */
  skipsSilence = $state(false);
  /** Where nobody speaks. */
  gaps: readonly Gap[] = [];
  /** Whether there is something to play. */
  playable = $state(false);
  /** Counts the jumps made through the transcript, so that it follows again after one. */
  jumps = $state(0);
  /** Height of the player's frame in pixels. */
  height = $state(0);
  video: HTMLVideoElement | null = null;
  /** What stays at the top of the window on a phone while the transcript scrolls. */
  sticky: HTMLElement | null = null;

  /** Begins at so many seconds. */
  constructor(start = 0) {
    this.time = start;
  }

  seek(seconds: number): void {
    if (this.video === null) return;
    this.video.currentTime = seconds;
    this.time = seconds;
    this.jumps += 1;
  }

  skip(seconds: number): void {
    if (this.video === null) return;
    const end = Number.isFinite(this.video.duration) ? this.video.duration : Infinity;
    this.video.currentTime = Math.min(Math.max(this.video.currentTime + seconds, 0), end);
  }

  /** The video has come to this time. */
  at(seconds: number): void {
    this.time = seconds;
    if (!this.skipsSilence || !this.playing || this.video === null) return;
    const next = skipFrom(this.gaps, seconds);
    if (next !== null) this.video.currentTime = next;
  }

  /** The next speed to choose from. */
  faster(by: 1 | -1): void {
    const at = (RATES as readonly number[]).indexOf(this.rate);
    this.rate = RATES[at + by] ?? this.rate;
  }

  toggle(): void {
    if (this.video === null) return;
    // play() is refused where the browser wants a tap first; the controls are there for that.
    if (this.video.paused) this.video.play().catch(() => undefined);
    else this.video.pause();
  }

  /** The bottom edge of what covers the top of the window, in pixels. */
  get covered(): number {
    if (this.sticky === null) return 0;
    const sticks = getComputedStyle(this.sticky).position === 'sticky';
    return sticks ? Math.max(this.sticky.getBoundingClientRect().bottom, 0) : 0;
  }
}
