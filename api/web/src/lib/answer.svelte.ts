/** A reviewer's answer to a question of the rubric: saved as it is typed. */

import { type Anchor, answerQuestion, type Answer } from './api';
import { type ApiError, asApiError } from './errors';
import type { SaveState } from './editor.svelte';

/** Typing is saved when it pauses for so long. */
const PAUSE_MS = 1_000;
/** After a failure it is tried again. */
const AGAIN_MS = 5_000;

type Content = Pick<Answer, 'text' | 'evidence'>;

/** What the server has: an answer, or none yet. */
export interface Known extends Content {
  readonly revision: number;
}

const NONE: Known = { text: '', evidence: [], revision: 0 };

const same = (one: Content, other: Content) =>
  one.text.trim() === other.text.trim() && JSON.stringify(one.evidence) === JSON.stringify(other.evidence);

export class AnswerEditor {
  text = $state('');
  evidence = $state.raw<readonly Anchor[]>([]);
  state = $state<SaveState>('saved');
  error = $state.raw<ApiError | null>(null);
  /** In a conflict: what was written elsewhere. */
  theirs = $state.raw<Known | null>(null);
  #read: Known = NONE;
  /** The newest that the server told of. */
  #told: Known = NONE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();
  readonly #report: string;
  readonly #question: string;
  readonly #saved: (answer: Answer) => void;

  constructor(report: string, question: string, known: Known | undefined, saved: (answer: Answer) => void) {
    this.#report = report;
    this.#question = question;
    this.#saved = saved;
    this.#take(known ?? NONE);
  }

  type(text: string): void {
    this.text = text;
    this.#later(PAUSE_MS);
  }

  add(anchor: Anchor): void {
    if (this.evidence.some((known) => JSON.stringify(known) === JSON.stringify(anchor))) return;
    this.evidence = [...this.evidence, anchor];
    this.#later(0);
  }

  remove(anchor: Anchor): void {
    this.evidence = this.evidence.filter((known) => known !== anchor);
    this.#later(0);
  }

  /** The server has this answer now, by this page or by another one of the same reviewer. */
  seen(known: Known | undefined): void {
    if (known === undefined || known.revision <= this.#read.revision) return;
    this.#told = known;
    if (this.state === 'saving') return;
    if (this.state === 'saved' || same(known, this)) this.#take(known);
    else this.#conflict(known);
  }

  /** Saves what is not saved yet. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#saving = this.#saving.then(() => this.#send());
    await this.#saving;
  }

  /** In a conflict: puts this answer in place of the other. */
  async keepMine(): Promise<void> {
    if (this.theirs === null) return;
    this.#read = this.theirs;
    this.theirs = null;
    this.state = 'waiting';
    await this.save();
  }

  /** In a conflict: lets this answer go. */
  takeTheirs(): void {
    if (this.theirs !== null) this.#take(this.theirs);
  }

  #later(ms: number): void {
    if (this.state === 'conflict') return;
    this.state = 'waiting';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), ms);
  }

  async #send(): Promise<void> {
    if (this.state === 'conflict' || this.state === 'saved') return;
    if (same(this.#read, this)) {
      this.state = 'saved';
      return;
    }
    const { text, evidence } = this;
    this.state = 'saving';
    try {
      const answer = await answerQuestion(this.#report, this.#question, { text, evidence }, this.#read.revision);
      this.#read = answer;
      this.error = null;
      this.#saved(answer);
    } catch (failure) {
      this.error = asApiError(failure);
      this.state = 'failed';
      // Another page was quicker: what it wrote is here already, or the next event brings it.
      if (this.error.status === 412) this.seen(this.#told);
      else if (this.error.status !== 409) this.#again();
      return;
    }
    if (this.text === text && this.evidence === evidence) this.state = 'saved';
    else this.#later(PAUSE_MS);
  }

  #again(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), AGAIN_MS);
  }

  #take(known: Known): void {
    clearTimeout(this.#timer);
    this.#read = known;
    this.#told = known;
    this.text = known.text;
    this.evidence = known.evidence;
    this.theirs = null;
    this.error = null;
    this.state = 'saved';
  }

  #conflict(theirs: Known): void {
    clearTimeout(this.#timer);
    this.theirs = theirs;
    this.state = 'conflict';
  }
}
