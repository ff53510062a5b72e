/**
 * A recording, from its first piece until the server has all of it. Each piece is kept in this browser before it is
 * sent, and until all has arrived: whatever breaks, the rest can be sent later.
 */

import { removeUpload } from '../api';
import { type ApiError, asApiError } from '../errors';
import type { Followers } from '../transfer.svelte';
import { CANCELLED, type Growing, send, type Sending } from '../tus';
import { hold, type Keeping, keeping, type KeptTake } from './kept';

/** Less than this is not worth a request while there is more to come. */
const AT_LEAST_BYTES = 384 * 1024;

export class Take implements Growing {
  readonly id: string;
  readonly report: string;
  readonly name: string;
  readonly mime: string;
  /** Bytes and seconds of what was recorded so far. */
  bytes = $state(0);
  seconds = $state(0);
  /** Bytes that the server has, or that are on their way. */
  sent = $state(0);
  /** Every piece is kept in this browser. */
  kept = $state(true);
  /** Why nothing is being sent now. */
  waiting = $state.raw<ApiError | null>(null);

  readonly #person: string;
  readonly #keeping: Keeping;
  readonly #send: typeof send;
  readonly #release: () => void;
  #url: string | null;
  #starts: number[] = [];
  /** Pieces that the browser's storage did not take. */
  #loose = new Map<number, ArrayBuffer>();
  /** Pieces are written one after the other. */
  #written: Promise<void> = Promise.resolve();
  /** No more pieces will come. */
  #ended = false;
  /** It is to be handed in, so that its length may be told: the server then puts it in place of the one before. */
  #used = false;
  #sending: Promise<Sending> | null = null;
  #followers: Followers | null = null;
  /** Who waits for bytes, and how often somebody asked: only the last one gets an answer. */
  #wake: (() => void) | null = null;
  #turn = 0;

  constructor(from: KeptTake, sender = send, place: Keeping = keeping) {
    ({ id: this.id, report: this.report, name: this.name, mime: this.mime } = from);
    this.bytes = from.bytes;
    this.seconds = from.seconds;
    this.#person = from.person;
    this.#url = from.url;
    this.#send = sender;
    this.#keeping = place;
    this.#release = hold(from.id);
  }

  /** A take that was left behind, as it was kept. */
  static async restore(from: KeptTake, sender = send, place: Keeping = keeping): Promise<Take> {
    const take = new Take(from, sender, place);
    take.#starts = await place.starts(from.id);
    const last = take.#starts[take.#starts.length - 1] ?? 0;
    const [piece] = await place.pieces(from.id, last, last);
    take.bytes = last + (piece?.byteLength ?? 0);
    take.#ended = true;
    return take;
  }

  get url(): string | null {
    return this.#url;
  }

  began(url: string): void {
    this.#url = url;
    this.#keeping.put(this.#known).catch(() => undefined);
  }

  /** Keeps a piece, and lets it be sent. */
  add(piece: Blob, seconds: number): Promise<void> {
    this.#written = this.#written.then(async () => {
      if (piece.size === 0) return;
      const bytes = await piece.arrayBuffer();
      const start = this.bytes;
      const end = start + bytes.byteLength;
      try {
        // What is kept has no gaps: after one piece that was not, none is.
        if (this.kept) await this.#keeping.add({ ...this.#known, bytes: end, seconds }, start, bytes);
      } catch {
        // Storage is full or forbidden. The recording goes on; closing the page would lose what follows.
        this.kept = false;
      }
      if (!this.kept) this.#loose.set(start, bytes);
      this.#starts.push(start);
      this.bytes = end;
      this.seconds = seconds;
      this.#wake?.();
    });
    return this.#written;
  }

  /** After the last piece. */
  async end(): Promise<void> {
    await this.#written;
    this.#ended = true;
    this.#wake?.();
  }

  /** Lets the server have it whole, which makes it the report's video. */
  use(): void {
    this.#used = true;
    this.#wake?.();
    this.start();
  }

  /** Begins to send, or goes on with it after an error. */
  start(): void {
    this.#begin().catch(() => undefined);
  }

  /** Sends what the server does not have yet; the returned `cancel` only stops waiting for it. */
  async sendRest(followers: Followers): Promise<Sending> {
    this.#followers = followers;
    this.use();
    const sending = await this.#begin();
    followers.onprogress(this.sent);
    let paused = false;
    let leave: (error: ApiError) => void = () => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = reject;
    });
    const resume = () => {
      if (paused) sending.resume();
      paused = false;
    };
    return {
      done: Promise.race([sending.done, left]),
      pause: () => {
        paused = true;
        sending.pause();
      },
      resume,
      cancel: () => {
        this.#followers = null;
        leave(CANCELLED);
        resume();
      },
    };
  }

  /** The pieces from the beginning, to look at. */
  async whole(): Promise<Blob> {
    return new Blob(await this.#bytes(0, this.bytes), { type: this.mime });
  }

  /** Gives it up, here and at the server. */
  async discard(): Promise<void> {
    const sending = await this.#sending?.catch(() => null);
    if (sending) sending.cancel();
    else if (this.#url !== null) await removeUpload(this.#url.split('/').pop() ?? '').catch(() => undefined);
    await this.#forget();
  }

  /** Stops sending, and lets another page or another time go on. */
  leave(): void {
    void this.#sending?.then((sending) => sending.pause());
    this.#release();
  }

  async read(start: number, end: number): Promise<{ value: Blob; done: boolean }> {
    this.#turn += 1;
    const turn = this.#turn;
    while (!this.#ready(start)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const until = Math.min(end, this.bytes);
    const value = new Blob(await this.#bytes(start, until));
    // Whoever was told to stop, or has asked again since, must not send this.
    if (turn !== this.#turn) return new Promise(() => undefined);
    return { value, done: this.#ended && this.#used && until === this.bytes };
  }

  rest(): void {
    this.#turn += 1;
  }

  #ready(start: number): boolean {
    if (this.#ended && this.#used) return true;
    return this.bytes - start >= (this.#ended ? 1 : AT_LEAST_BYTES);
  }

  async #bytes(start: number, end: number): Promise<ArrayBuffer[]> {
    const before = this.#starts.filter((at) => at <= start);
    const first = before[before.length - 1] ?? 0;
    const starts = this.#starts.filter((at) => at >= first && at < end);
    const kept = await this.#keeping.pieces(this.id, first, end - 1).catch(() => []);
    const pieces: ArrayBuffer[] = [];
    for (const at of starts) {
      const piece = this.#loose.get(at) ?? kept.shift();
      if (piece !== undefined) pieces.push(piece.slice(Math.max(start - at, 0), Math.max(end - at, 0)));
    }
    return pieces;
  }

  get #known(): KeptTake {
    const { id, report, name, mime, seconds, bytes } = this;
    return { id, person: this.#person, report, name, mime, seconds, bytes, url: this.#url };
  }

  #begin(): Promise<Sending> {
    this.#sending ??= this.#sendAll();
    return this.#sending;
  }

  async #sendAll(): Promise<Sending> {
    try {
      const sending = await this.#send({
        reportId: this.report,
        role: 'video',
        file: this,
        onprogress: (sent) => this.#progress(sent),
        onwaiting: (error) => this.#wait(error),
      });
      sending.done.then(
        () => this.#forget(),
        (failure) => this.#stopped(asApiError(failure)),
      );
      return sending;
    } catch (failure) {
      this.#stopped(asApiError(failure));
      throw failure;
    }
  }

  #progress(sent: number): void {
    this.sent = sent;
    this.waiting = null;
    this.#followers?.onprogress(sent);
  }

  #wait(error: ApiError): void {
    this.waiting = error;
    this.#followers?.onwaiting(error);
  }

  #stopped(error: ApiError): void {
    this.#sending = null;
    this.waiting = error;
  }

  async #forget(): Promise<void> {
    this.#release();
    await this.#keeping.remove(this.id).catch(() => undefined);
  }
}
