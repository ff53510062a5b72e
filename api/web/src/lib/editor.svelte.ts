/**
 * Correcting one sentence while listening: what is typed is saved by itself, and kept in this browser until it is.
 */

import type { Corrected, Segment } from './api';
import { type ApiError, asApiError } from './errors';
import { forget, keep, recall } from './unsaved';

/** Typing is saved when it pauses for so long. */
const PAUSE_MS = 1_000;
/** After a failure it is tried again. */
const AGAIN_MS = 5_000;

/**
 * `waiting`: typed and not saved yet. `conflict`: somebody else has changed the sentence; both texts are kept until
 * one is chosen.
 */
export type SaveState = 'saved' | 'waiting' | 'saving' | 'failed' | 'conflict';

export interface Read {
  readonly id: number;
  readonly text: string;
}

export interface Corrections {
  /** Puts texts in place of sentences that were read. */
  correct(replaced: readonly Read[], by: readonly string[]): Promise<Corrected>;
  /** What a sentence says now; null if there is none. */
  current(id: number): Promise<string | null>;
}

export class SentenceEditor {
  text = $state('');
  state = $state<SaveState>('saved');
  /** What the sentence says now, in a conflict; null if it is gone. */
  theirs = $state<string | null>(null);
  error = $state.raw<ApiError | null>(null);
  readonly id: number;
  /** What the server said when this was read, or saved last. */
  #read: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();
  readonly #report: string;
  readonly #server: Corrections;

  constructor(report: string, segment: Pick<Segment, 'id' | 'text'>, server: Corrections) {
    this.#report = report;
    this.#server = server;
    this.id = segment.id;
    this.#read = segment.text;
    this.text = segment.text;
    const unsaved = recall(report, segment.id);
    if (unsaved === null || unsaved.text === segment.text) return;
    this.text = unsaved.text;
    this.#read = unsaved.read;
    if (unsaved.read === segment.text) this.#later(PAUSE_MS);
    else this.#conflict(segment.text);
  }

  type(text: string): void {
    this.text = text;
    if (this.state === 'conflict') return;
    if (text.trim() === this.#read.trim()) {
      this.#saved();
      return;
    }
    keep(this.#report, this.id, { read: this.#read, text });
    this.#later(PAUSE_MS);
  }

  /** The server says that the sentence is this now: by this page, or by somebody else. */
  seen(text: string | null): void {
    if (text === this.#read || this.state === 'saving') return;
    if (text === this.text || (text !== null && this.text === this.#read)) this.#settle(text ?? '');
    else this.#conflict(text);
  }

  /** Saves what is not saved yet. Says whether everything is. */
  async save(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#saving = this.#saving.then(() => this.#send());
    await this.#saving;
    return this.state === 'saved';
  }

  /** In a conflict: puts this text in place of theirs. */
  async keepMine(): Promise<void> {
    if (this.theirs === null) return;
    this.#read = this.theirs;
    this.theirs = null;
    this.state = 'waiting';
    await this.save();
  }

  /** In a conflict: lets this text go. */
  takeTheirs(): void {
    this.#settle(this.theirs ?? '');
  }

  /** Ends; what is not saved stays in this browser. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #later(ms: number): void {
    this.state = 'waiting';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), ms);
  }

  async #send(): Promise<void> {
    if (this.state === 'conflict' || this.text.trim() === this.#read.trim()) return;
    const text = this.text;
    this.state = 'saving';
    try {
      const made = await this.#server.correct([{ id: this.id, text: this.#read }], [text]);
      // The server leaves out what says nothing, and spaces at the ends.
      const kept = made.changes.find((change) => change.id === this.id)?.after?.text;
      this.#read = kept ?? text.trim();
      this.error = null;
    } catch (failure) {
      const error = asApiError(failure);
      if (error.status === 412) return this.#compare();
      this.error = error;
      this.#later(AGAIN_MS);
      this.state = 'failed';
      return;
    }
    // The text stays as it is typed, spaces and all: the cursor is in it.
    if (this.text === text) this.#saved();
    else this.type(this.text);
  }

  /** Somebody was quicker, or the answer to an earlier request was lost. */
  async #compare(): Promise<void> {
    try {
      const text = await this.#server.current(this.id);
      if (text === this.text.trim()) this.#settle(text);
      else this.#conflict(text);
    } catch (failure) {
      this.error = asApiError(failure);
      this.#later(AGAIN_MS);
      this.state = 'failed';
    }
  }

  #settle(text: string): void {
    this.#read = text;
    this.text = text;
    this.theirs = null;
    this.#saved();
  }

  #saved(): void {
    clearTimeout(this.#timer);
    forget(this.#report, this.id);
    this.state = 'saved';
  }

  #conflict(theirs: string | null): void {
    clearTimeout(this.#timer);
    keep(this.#report, this.id, { read: this.#read, text: this.text });
    this.theirs = theirs;
    this.state = 'conflict';
  }
}
