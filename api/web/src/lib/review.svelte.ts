/** A report at the desk: as it is now, and what its reader does with it. */

import {
  addComment,
  type Anchor,
  type Answer,
  changeComment,
  type Comment,
  type Corrected,
  correct,
  decide,
  getReport,
  listCorrections,
  removeComment,
  type Report,
  type Segment,
  undoCorrection,
  type Verdict,
} from './api';
import { type ApiError, asApiError } from './errors';
import { type Read, SentenceEditor } from './editor.svelte';
import { undoable } from './history';
import { withAnswer } from './rubrics';
import { openBySegment, threads, withComment } from './threads';
import { forget, recall, unsavedIn } from './unsaved';
import { withSegments, withText } from './update';

export class Review {
  report = $state.raw<Report>() as Report;
  editor = $state.raw<SentenceEditor | null>(null);
  /** Where the cursor goes when the editor opens; null: to the end. */
  cursor: number | null = null;
  /** What the comment that is being written is about. */
  composing = $state.raw<Anchor | null>(null);
  error = $state.raw<ApiError | null>(null);
  threads = $derived(threads(this.report.comments));
  openThreads = $derived(openBySegment(this.threads));

  constructor(report: Report) {
    this.report = report;
    if (!report.may_review) return;
    // What a page that was closed could not save.
    for (const id of unsavedIn(report.id)) {
      if (this.#segment(id) === undefined) this.#bringBack(id);
      else this.edit(id);
    }
  }

  /** The report as the server tells it. Answers can overtake each other: text that is older than ours is not taken. */
  receive(report: Report): void {
    const ours = this.report;
    const same = ours.submission?.id === report.submission?.id;
    const older = same && (report.transcript?.version ?? 0) < (ours.transcript?.version ?? 0);
    this.report = older ? { ...report, transcript: ours.transcript } : report;
    const open = this.editor;
    if (open === null) return;
    const text = this.#segment(open.id)?.text ?? null;
    if (text === null && open.state === 'saved') this.editor = null;
    else open.seen(text);
  }

  /** Whether what is corrected is in the transcript: another reader may have left it out. */
  get editsWhatIsGone(): boolean {
    return this.editor !== null && this.#segment(this.editor.id) === undefined;
  }

  get segments(): readonly Segment[] {
    return this.report.transcript?.segments ?? [];
  }

  /** Begins to correct a sentence; what was being written is saved. */
  edit(id: number, cursor: number | null = null): void {
    const segment = this.#segment(id);
    if (segment === undefined || !this.report.may_review || this.editor?.id === id) return;
    this.close();
    this.cursor = cursor;
    this.editor = this.#editorOf(segment);
  }

  /** Stops correcting. A conflict stays until it is decided. */
  close(): void {
    const open = this.editor;
    if (open === null) return;
    this.editor = null;
    void open.save();
  }

  /** Stops correcting, and lets go what is not saved. */
  drop(): void {
    if (this.editor === null) return;
    this.editor.stop();
    forget(this.report.id, this.editor.id);
    this.editor = null;
  }

  /** Goes on with the next sentence, or the one before. */
  async step(by: 1 | -1): Promise<void> {
    const open = this.editor;
    if (open === null || open.state === 'conflict') return;
    const at = this.segments.findIndex((segment) => segment.id === open.id);
    const next = this.segments[at + by];
    if (next === undefined) return this.close();
    this.edit(next.id);
  }

  /** Makes two sentences of the one that is corrected. */
  async split(cursor: number): Promise<void> {
    const open = this.editor;
    if (open === null) return;
    const [before, after] = [open.text.slice(0, cursor), open.text.slice(cursor)];
    if (before.trim() === '' || after.trim() === '' || !(await open.save())) return;
    const made = await this.#try(() => this.#correct([{ id: open.id, text: open.text }], [before, after]));
    const added = made?.changes.find((change) => change.before === null);
    if (added === undefined) return;
    open.stop();
    this.editor = null;
    this.edit(added.id, 0);
  }

  /** Joins the sentence that is corrected with the one before it. */
  async join(): Promise<void> {
    const open = this.editor;
    if (open === null || !(await open.save())) return;
    const at = this.segments.findIndex((segment) => segment.id === open.id);
    const [before, own] = [this.segments[at - 1], this.segments[at]];
    if (before === undefined || own === undefined) return;
    const replaced = [before, own].map(({ id, text }) => ({ id, text }));
    const made = await this.#try(() => this.#correct(replaced, [before.text + own.text]));
    if (made === null) return;
    open.stop();
    this.editor = null;
    this.edit(before.id, before.text.length);
  }

  /** Leaves out a sentence that nobody said. */
  async leaveOut(id: number): Promise<void> {
    const segment = this.#segment(id);
    if (segment === undefined) return;
    if (this.editor?.id === id) this.drop();
    await this.#try(() => this.#correct([{ id, text: segment.text }], []));
  }

  /** Replaces words in one sentence. */
  async rewrite(id: number, text: string): Promise<void> {
    const segment = this.#segment(id);
    if (segment === undefined || segment.text === text) return;
    this.close();
    await this.#try(() => this.#correct([{ id, text: segment.text }], [text]));
  }

  /** Takes back a correction, or the newest of one's own. */
  async undo(version?: number): Promise<void> {
    if (this.editor !== null && !(await this.editor.save())) return;
    this.editor = null;
    await this.#try(async () => {
      const { id } = this.report;
      const found = version ?? undoable((await listCorrections(id)).corrections)?.version;
      if (found !== undefined) this.#apply(await undoCorrection(id, found));
    });
  }

  async comment(text: string, anchor: Anchor, shared: boolean): Promise<boolean> {
    return this.#said(() => addComment(this.report.id, { text, anchor, shared }));
  }

  async answer(parent: Comment, text: string): Promise<boolean> {
    return this.#said(() => addComment(this.report.id, { text, parent: parent.id }));
  }

  /** A question of the rubric is answered: shows it before the server tells of it. */
  answered(question: string, answer: Answer): void {
    const { state, questions } = this.report;
    const begun = state === 'ready' ? 'in_review' : state;
    this.report = { ...this.report, state: begun, questions: withAnswer(questions, question, answer) };
  }

  async change(comment: Comment, change: { text?: string; resolved?: boolean }): Promise<boolean> {
    return this.#said(() => changeComment(this.report.id, comment.id, change));
  }

  async remove(comment: Comment): Promise<void> {
    await this.#said(async () => {
      await removeComment(this.report.id, comment.id);
      return { ...comment, text: '', removed_at: new Date().toISOString() };
    });
  }

  /** Decides about what is shown. Says whether that was possible. */
  async decide(verdict: Verdict, reasons: string): Promise<boolean> {
    if (this.editor !== null && !(await this.editor.save())) return false;
    this.editor = null;
    const version = this.report.transcript?.version;
    if (version === undefined) return false;
    const decided = await this.#try(() => decide(this.report.id, verdict, reasons, version));
    if (decided !== null) this.receive(decided);
    return decided !== null;
  }

  /** What was typed in a sentence that somebody has left out since is shown before it is let go. */
  #bringBack(id: number): void {
    const unsaved = recall(this.report.id, id);
    if (unsaved === null) return;
    this.close();
    this.editor = this.#editorOf({ id, text: unsaved.read });
    this.editor.seen(null);
  }

  #editorOf(segment: Read): SentenceEditor {
    return new SentenceEditor(this.report.id, segment, {
      correct: (replaced, by) => this.#correct(replaced, by),
      current: async (of) => {
        this.receive(await getReport(this.report.id));
        return this.#segment(of)?.text ?? null;
      },
    });
  }

  #segment(id: number): Segment | undefined {
    return this.segments.find((segment) => segment.id === id);
  }

  async #correct(replaced: readonly Read[], by: readonly string[]): Promise<Corrected> {
    const made = await correct(this.report.id, replaced, by);
    this.#apply(made);
    return made;
  }

  /** Shows a correction before the server tells of it. */
  #apply(made: Corrected): void {
    const { transcript, state } = this.report;
    if (transcript === null || made.version <= transcript.version) return;
    const gone = made.changes.filter((change) => change.after === null).map((change) => change.id);
    const after = made.changes.flatMap((change) => (change.after === null ? [] : [change.after]));
    const segments = withSegments(transcript.segments, after, gone);
    const begun = state === 'ready' ? 'in_review' : state;
    const corrected = withText({ ...transcript, version: made.version }, segments);
    this.report = { ...this.report, state: begun, transcript: corrected };
  }

  /** Does something with a comment, and shows what came of it before the server tells of it. */
  async #said(work: () => Promise<Comment>): Promise<boolean> {
    const said = await this.#try(work);
    if (said === null) return false;
    this.report = { ...this.report, comments: withComment(this.report.comments, said) };
    return true;
  }

  async #try<Value>(work: () => Promise<Value>): Promise<Value | null> {
    try {
      this.error = null;
      return await work();
    } catch (failure) {
      this.error = asApiError(failure);
      if (this.error.status === 412) await this.#reload();
      return null;
    }
  }

  async #reload(): Promise<void> {
    try {
      this.receive(await getReport(this.report.id));
    } catch {
      // The stream tells of it, or says that the connection is lost.
    }
  }
}
