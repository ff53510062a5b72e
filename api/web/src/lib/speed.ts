/** How fast something goes, averaged over the last seconds. */

const WINDOW_MS = 6_000;
/** A speed from less time than this would be a guess. */
const AT_LEAST_S = 0.4;

export class Speedometer {
  #samples: { at: number; sent: number }[] = [];

  /** Bytes per second; 0 while unknown. */
  add(sent: number, now: number): number {
    this.#samples.push({ at: now, sent });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0];
    const seconds = first === undefined ? 0 : (now - first.at) / 1000;
    return first !== undefined && seconds > AT_LEAST_S ? Math.max(0, sent - first.sent) / seconds : 0;
  }

  /** Begins anew, as after a break. */
  reset(): void {
    this.#samples = [];
  }
}
