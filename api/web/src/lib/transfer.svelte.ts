/** Files of one hand-in on their way to the server, one after the other, and how far they are. */

import type { UploadRole } from './api';
import type { ApiError } from './errors';
import { Speedometer } from './speed';
import type { SendOptions, Sending } from './tus';

export type TransferPhase =
  | 'sending'
  /** The connection is broken; it goes on when it is back. */
  | 'waiting'
  | 'paused';

/** Who is told how it goes. */
export type Followers = Pick<SendOptions, 'onprogress' | 'onwaiting'>;

const STALL_MS = 15_000;

export class Transfer {
  phase = $state<TransferPhase>('sending');
  /** What is being sent. */
  role = $state<UploadRole | null>(null);
  sent = $state(0);
  total = $state(0);
  /** Bytes per second, 0 while unknown. */
  speed = $state(0);
  /** Nothing was sent for a while. */
  stalled = $state(false);
  /** Why it waits. */
  error = $state.raw<ApiError | null>(null);

  #sending: Sending | null = null;
  #cancelled = false;
  /** Bytes of the files before. */
  #before = 0;
  #speedometer = new Speedometer();
  #stallTimer: ReturnType<typeof setTimeout> | undefined;

  get fraction(): number {
    return this.total > 0 ? Math.min(this.sent / this.total, 1) : 0;
  }

  /** Seconds left, or null while unknown. */
  get secondsLeft(): number | null {
    return this.speed > 0 ? (this.total - this.sent) / this.speed : null;
  }

  /** Before the first of several files of so many bytes. */
  begin(total: number): void {
    this.phase = 'sending';
    this.total = total;
    this.sent = this.#before = 0;
    this.error = null;
    this.#cancelled = false;
  }

  /** Sends a file of so many bytes and says the upload's id. */
  async file(role: UploadRole, size: number, send: (followers: Followers) => Promise<Sending>): Promise<string> {
    this.role = role;
    this.#speedometer.reset();
    this.#watchForStall(true);
    const sending = await send({
      onprogress: (sent) => this.#progress(this.#before + sent),
      onwaiting: (error) => this.#wait(error),
    });
    this.#sending = sending;
    // Both buttons were there already while the library was loaded.
    if (this.#cancelled) sending.cancel();
    else if (this.phase === 'paused') sending.pause();
    const id = await sending.done;
    this.#before += size;
    return id;
  }

  /** After the last file, or an error. */
  end(): void {
    this.#sending = null;
    this.role = null;
    this.#watchForStall(false);
  }

  pause(): void {
    this.#sending?.pause();
    this.#watchForStall(false);
    this.phase = 'paused';
  }

  resume(): void {
    if (this.phase !== 'paused') return;
    this.phase = 'sending';
    this.error = null;
    this.#speedometer.reset();
    this.#watchForStall(true);
    this.#sending?.resume();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#sending?.cancel();
  }

  #progress(sent: number): void {
    if (this.phase === 'paused') return;
    // After a break the first number says how far it was, not how fast it is.
    if (this.phase === 'waiting' || this.sent === 0) this.#speedometer.reset();
    this.phase = 'sending';
    this.error = null;
    this.sent = sent;
    this.speed = this.#speedometer.add(sent, performance.now());
    this.#watchForStall(true);
  }

  #wait(error: ApiError): void {
    if (this.phase === 'paused') return;
    this.phase = 'waiting';
    this.error = error;
    this.#watchForStall(false);
  }

  #watchForStall(on: boolean): void {
    this.stalled = false;
    clearTimeout(this.#stallTimer);
    if (!on) {
      this.speed = 0;
      return;
    }
    this.#stallTimer = setTimeout(() => {
      this.stalled = this.phase === 'sending';
      this.speed = 0;
    }, STALL_MS);
  }
}
