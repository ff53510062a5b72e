/** Listens to a stream and judges how loud it is. */

import { filled, LevelJudge, type Loudness, measure } from './level';

const EVERY_MS = 100;

export class Ear {
  /** From 0 to 1. */
  level = $state(0);
  loudness = $state<Loudness>('fine');

  readonly #judge = new LevelJudge();

  /** Listens until the returned function is called. */
  listen(stream: MediaStream): () => void {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    const wave = new Float32Array(analyser.fftSize);
    context.createMediaStreamSource(stream).connect(analyser);
    const timer = setInterval(() => {
      // A browser that does not let pages listen yet would seem silent.
      if (context.state !== 'running') return void context.resume().catch(() => undefined);
      analyser.getFloatTimeDomainData(wave);
      const sample = measure(wave, performance.now());
      this.level = filled(sample.rms);
      this.loudness = this.#judge.add(sample);
    }, EVERY_MS);
    this.#judge.reset();
    return () => {
      clearInterval(timer);
      void context.close();
      this.level = 0;
      this.loudness = 'fine';
    };
  }
}
