/** What was said, compared with what was written: kept in step with the transcript. */

import { type Comparison, getComparison, type Report } from './api';

/** Longer texts the server does not compare. */
const LONGEST = 20_000;

/** Corrections come one after the other; it is compared when they pause. */
const PAUSE_MS = 1_500;

/** The other place of a passage that was moved: a second of the video, or a passage of the written report. */
export type Jump = { readonly to: 'said' | 'written'; readonly at: number };

export class Compared {
  value = $state.raw<Comparison | null>(null);
  /** Whether differences are marked. */
  marks = $state(false);
  /** Where somebody wants to go. */
  jump = $state.raw<Jump | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #of = '';

  /** Of each sentence that differs, its passages, by its id. */
  said = $derived(new Map((this.value?.said ?? []).map((sentence) => [sentence.segment, sentence.passages])));

  /** The report is this now. */
  follow(report: Report): void {
    const { transcript, written, submission } = report;
    if (transcript === null || written === null || written.text === null || written.text === '') return;
    if (transcript.text.length + written.text.length > LONGEST) return;
    const of = `${submission?.id} ${transcript.version}`;
    if (of === this.#of) return;
    const first = this.#of === '';
    this.#of = of;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(report.id, of), first ? 0 : PAUSE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #load(id: string, of: string): Promise<void> {
    try {
      const value = await getComparison(id);
      if (of === this.#of) this.value = value;
    } catch {
      // The text is there without it; the next correction tries again.
      this.#of = '';
    }
  }
}
