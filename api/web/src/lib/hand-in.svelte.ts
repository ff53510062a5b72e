/**
 * A report while it is handed in: the form, the draft at the server, and its files on their way there. It
 * outlives the page that shows it, so that neither the form nor a running upload is lost on another page.
 */

import type { Report, ReportFields, ReportKind, Upload, UploadRole } from './api';
import { Draft } from './draft.svelte';
import { type ApiError, asApiError } from './errors';
import { noticed } from './http';
import { isPhoto } from './limits';
import { quarterOf } from './period';
import type { Take } from './record/take.svelte';
import { type Server, server } from './server';
import { type Followers, Transfer, type TransferPhase } from './transfer.svelte';
import { CANCELLED } from './tus';

type Step =
  | 'idle'
  /** The draft is being written. */
  | 'saving'
  /** Files are on their way. */
  | 'transfer'
  /** Everything is at the server and is being handed in. */
  | 'submitting'
  | 'failed'
  | 'done';

export type HandInPhase = Exclude<Step, 'transfer'> | TransferPhase;

/** What was asked for last, which is what trying again means. */
export type HandInGoal = 'save' | 'submit' | 'remove';

/** Whether the form makes a report, or changes one that was handed in before. */
export type HandInMode = 'draft' | 'again';

export class HandIn {
  title = $state('');
  kind = $state<ReportKind | ''>('');
  period = $state(quarterOf(new Date()));
  language = $state('zh');
  branch = $state('');
  /** The written report is either a file or typed here. */
  typed = $state(false);
  writtenText = $state('');
  video = $state.raw<File | null>(null);
  /** What was recorded in the page, in place of a chosen video; it may be on its way already. */
  take = $state.raw<Take | null>(null);
  /** The recorder is open. */
  recording = $state(false);
  written = $state.raw<File | null>(null);
  /** Photos of pages that the server does not have yet, in their order. */
  photos = $state.raw<readonly File[]>([]);

  readonly mode: HandInMode;
  readonly draft: Draft;
  readonly transfer: Transfer;
  /** A written file was handed in with the last submission; it is not part of the next one. */
  writtenBefore = $state(false);
  goal = $state<HandInGoal>('submit');
  error = $state.raw<ApiError | null>(null);
  /** The draft has just been saved, and nothing was changed since. */
  saved = $state(false);
  /** Called when the draft has been made. */
  oncreated: () => void = () => undefined;

  readonly #server: Server;
  #step = $state<Step>('idle');

  constructor(mode: HandInMode = 'draft', theServer: Server = server) {
    this.mode = mode;
    this.#server = theServer;
    this.draft = new Draft(theServer);
    this.transfer = new Transfer();
  }

  /** The report's id, once there is a draft. */
  get id(): string | null {
    return this.draft.id;
  }

  get phase(): HandInPhase {
    return this.#step === 'transfer' ? this.transfer.phase : this.#step;
  }

  get busy(): boolean {
    return this.transferring || this.#step === 'saving' || this.#step === 'submitting';
  }

  /** A file is on its way, or would be if the connection were there. */
  get transferring(): boolean {
    return this.#step === 'transfer';
  }

  /** The file of this role that the server has. */
  finished(role: UploadRole): Upload | null {
    return this.draft.find(role, true);
  }

  /** The file of this role that the server has a part of. */
  begun(role: UploadRole): Upload | null {
    return this.draft.find(role, false);
  }

  /** The photos of pages that the server has, in their order. */
  get pages(): readonly Upload[] {
    return this.draft.pages;
  }

  /** Takes files of the written report: photos add to those that are there, a document replaces the one before. */
  choose(files: Iterable<File>): void {
    for (const file of files) {
      if (isPhoto(file)) this.photos = [...this.photos, file];
      else this.written = file;
    }
  }

  get hasVideo(): boolean {
    return this.video !== null || this.take !== null || this.finished('video') !== null;
  }

  /** Takes a video in place of the one before; a recording stays in this browser until somebody discards it. */
  chooseVideo(video: File): void {
    this.video = video;
    this.take?.leave();
    this.take = null;
  }

  /** Takes what was recorded in place of what was there, and sends it while the rest of the form is filled in. */
  useTake(take: Take): void {
    if (this.take !== take) this.dropTake();
    this.video = null;
    this.take = take;
    take.use();
  }

  dropTake(): void {
    void this.take?.discard();
    this.take = null;
  }

  /** Makes the draft if there is none, because a recording is sent to it. Says whether it is there. */
  async prepareRecording(): Promise<boolean> {
    if (this.id === null) await this.save();
    return this.id !== null;
  }

  get fields(): ReportFields {
    return {
      title: this.title.trim(),
      kind: this.kind || 'other',
      period: this.period,
      language: this.language,
      written_text: this.typed ? this.writtenText.trim() : '',
    };
  }

  /** Fills the form with a report as the server has it. */
  load(report: Report): void {
    this.draft.load(report);
    this.title = report.title;
    this.kind = report.kind;
    this.period = report.period;
    this.language = report.language;
    this.branch = report.branch;
    this.writtenText = report.written_text;
    const file = report.written !== null && report.written_text === '';
    this.writtenBefore = file || report.pages.length > 0;
    this.typed = this.writtenText !== '';
  }

  /** Saves the draft without handing it in. */
  async save(): Promise<void> {
    await this.#run('save', async () => {
      await this.#save();
      this.#step = 'idle';
      this.saved = true;
    });
  }

  /** Saves the draft, sends what the server does not have yet, and hands in. */
  async submit(): Promise<void> {
    await this.#run('submit', async () => {
      const id = await this.#save();
      const files = this.#toSend();
      if (files.length > 0) this.#step = 'transfer';
      for (const [role, file] of files) {
        const send = (followers: Followers) => {
          if (!(file instanceof File)) return file.sendRest(followers);
          return this.#server.send({ reportId: id, role, file, ...followers });
        };
        this.#sent(role, file, await this.transfer.file(role, sizeOf(file), send));
      }
      this.#step = 'submitting';
      await this.#server.submitReport(id);
      this.#step = 'done';
    });
  }

  /** Removes a file that the server has. */
  async remove(upload: Upload): Promise<void> {
    await this.#run('remove', async () => {
      await this.draft.remove(upload);
      this.#step = 'idle';
    });
  }

  pause(): void {
    if (this.transferring) this.transfer.pause();
  }

  resume(): void {
    if (this.transferring) this.transfer.resume();
  }

  /** Stops the upload and keeps the form. */
  cancel(): void {
    this.transfer.cancel();
  }

  /** Removes the messages and keeps the form. */
  touch(): void {
    this.saved = false;
    if (this.#step !== 'failed') return;
    this.#step = 'idle';
    this.error = null;
  }

  /** Goes on with what ended because nobody was signed in any more. */
  async signedInAgain(): Promise<void> {
    if (this.#step !== 'failed' || this.error?.unauthorized !== true) return;
    if (this.goal === 'submit') await this.submit();
    else if (this.goal === 'save') await this.save();
    else this.touch();
  }

  async #run(goal: HandInGoal, work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.goal = goal;
    this.#step = 'saving';
    this.error = null;
    this.saved = false;
    const total = this.#toSend().reduce((sum, [, file]) => sum + sizeOf(file), 0);
    this.transfer.begin(total);
    try {
      await work();
    } catch (failure) {
      const error = asApiError(failure);
      this.#step = error === CANCELLED ? 'idle' : 'failed';
      this.error = error === CANCELLED ? null : noticed(error);
    }
    this.transfer.end();
  }

  async #save(): Promise<string> {
    const { fields } = this;
    const isNew = this.id === null;
    const id = await this.draft.save(fields, this.branch);
    if (isNew) this.oncreated();
    if (fields.written_text !== '') {
      const document = this.finished('written');
      const replaced = document === null ? this.pages : [document, ...this.pages];
      for (const upload of replaced) await this.draft.remove(upload);
    }
    return id;
  }

  /** The written report first: it is small, and a hand-in that ends early then has it. */
  #toSend(): [UploadRole, File | Take][] {
    const files: [UploadRole, File | Take][] = [];
    if (!this.typed) {
      if (this.written !== null) files.push(['written', this.written]);
      // One after the other: the server keeps the pages in the order in which they were begun.
      for (const photo of this.photos) files.push(['page', photo]);
    }
    const video = this.video ?? this.take;
    if (video !== null) files.push(['video', video]);
    return files;
  }

  /** The server has the file, so trying again need not send it again. */
  #sent(role: UploadRole, file: File | Take, id: string): void {
    this.draft.add(id, role, file.name, sizeOf(file));
    if (role === 'video') this.video = this.take = null;
    else if (role === 'page') this.photos = this.photos.filter((photo) => photo !== file);
    else this.written = null;
  }
}

function sizeOf(file: File | Take): number {
  return file instanceof File ? file.size : file.bytes;
}
