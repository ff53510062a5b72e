/** All hand-ins of this page: the new one, and those of drafts that were opened. */

import type { Report } from './api';
import { HandIn, type HandInMode } from './hand-in.svelte';

class HandIns {
  #fresh = $state.raw<HandIn>(this.#blank());
  #known = $state.raw<readonly HandIn[]>([]);
  #opened: (id: string) => void = () => undefined;

  /** What shows a draft that has just been made. */
  whenCreated(opened: (id: string) => void): void {
    this.#opened = opened;
  }

  /** The form for a new report. */
  get fresh(): HandIn {
    return this.#fresh;
  }

  /** Some upload is running, or was ended by an error. */
  get current(): HandIn | null {
    return this.#all().find((handIn) => handIn.busy || handIn.phase === 'failed' || handIn.phase === 'done') ?? null;
  }

  get busy(): boolean {
    return this.#all().some((handIn) => handIn.busy);
  }

  find(id: string): HandIn | null {
    return this.#known.find((handIn) => handIn.id === id) ?? null;
  }

  /** The form for a report: as it was left, or else as the server has it. */
  open(report: Report, mode: HandInMode): HandIn {
    const known = this.find(report.id);
    if (known !== null && known.mode === mode) return known;
    const handIn = new HandIn(mode);
    handIn.load(report);
    this.#known = [...this.#known.filter((other) => other !== known), handIn];
    return handIn;
  }

  /** Some recording is nowhere but in this page. */
  get losable(): boolean {
    return this.#all().some((handIn) => handIn.take?.kept === false);
  }

  forget(handIn: HandIn): void {
    handIn.take?.leave();
    this.#known = this.#known.filter((other) => other !== handIn);
  }

  /** The person of before has signed in again. */
  goOn(): void {
    for (const handIn of this.#all()) void handIn.signedInAgain();
  }

  /** Forgets everything, as for another person. */
  clear(): void {
    // What the server has of a file stays there: whoever it belongs to may go on later.
    for (const handIn of this.#all()) {
      handIn.pause();
      handIn.take?.leave();
    }
    this.#known = [];
    this.#fresh = this.#blank();
  }

  #all(): readonly HandIn[] {
    return [...this.#known, this.#fresh];
  }

  #blank(): HandIn {
    const handIn = new HandIn();
    handIn.oncreated = () => this.#created(handIn);
    return handIn;
  }

  #created(handIn: HandIn): void {
    if (this.#fresh !== handIn || handIn.id === null) return;
    this.#known = [...this.#known, handIn];
    this.#fresh = this.#blank();
    // The next report often has the same language.
    this.#fresh.language = handIn.language;
    this.#opened(handIn.id);
  }
}

export const handIns = new HandIns();
