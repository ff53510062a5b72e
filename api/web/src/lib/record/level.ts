/** How loud it is, and what is wrong with that. */

/** One look at the sound, full scale being 1. */
export interface Sample {
  readonly at: number;
  /** Root mean square. */
  readonly rms: number;
  readonly peak: number;
}

export type Loudness = 'fine' | 'silent' | 'noisy' | 'clipped';

const FLOOR_DB = -60;
const SILENT_DB = -52;
const SILENCE_MS = 3_000;
/** Who speaks, breathes: sound that stays above this all the time is a fan, traffic or music. */
const NOISY_DB = -30;
const NOISE_MS = 5_000;
const CLIPPED_PEAK = 0.985;
/** Of the looks of the last seconds; a single one is a cough. */
const CLIPPED_SHARE = 0.3;
const CLIPPING_MS = 2_000;

export function decibels(amplitude: number): number {
  return amplitude > 0 ? 20 * Math.log10(amplitude) : Number.NEGATIVE_INFINITY;
}

/** From 0 to 1, as far as a meter is filled. */
export function filled(rms: number): number {
  return Math.min(Math.max(1 - decibels(rms) / FLOOR_DB, 0), 1);
}

export function measure(wave: Float32Array, at: number): Sample {
  let [squares, peak] = [0, 0];
  for (const value of wave) {
    squares += value * value;
    peak = Math.max(peak, Math.abs(value));
  }
  return { at, rms: wave.length > 0 ? Math.sqrt(squares / wave.length) : 0, peak };
}

/** Judges the last seconds. */
export class LevelJudge {
  #samples: Sample[] = [];

  add(sample: Sample): Loudness {
    this.#samples.push(sample);
    const begin = sample.at - Math.max(SILENCE_MS, NOISE_MS, CLIPPING_MS);
    // One of before stays, to show that the time has passed.
    while ((this.#samples[1]?.at ?? sample.at) <= begin) this.#samples.shift();
    if (this.#all(SILENCE_MS, ({ rms }) => decibels(rms) < SILENT_DB)) return 'silent';
    const recent = this.#samples.filter(({ at }) => at > sample.at - CLIPPING_MS);
    const clipped = recent.filter(({ peak }) => peak >= CLIPPED_PEAK);
    const long = this.#all(CLIPPING_MS, () => true);
    if (long && clipped.length >= recent.length * CLIPPED_SHARE) return 'clipped';
    return this.#all(NOISE_MS, ({ rms }) => decibels(rms) > NOISY_DB) ? 'noisy' : 'fine';
  }

  /** Forgets what was heard, as after a pause. */
  reset(): void {
    this.#samples = [];
  }

  /** Whether it was so for all of this time. */
  #all(span: number, so: (sample: Sample) => boolean): boolean {
    const last = this.#samples[this.#samples.length - 1];
    const first = this.#samples[0];
    if (last === undefined || first === undefined || last.at - first.at < span) return false;
    return this.#samples.every((sample) => sample.at < last.at - span || so(sample));
  }
}
