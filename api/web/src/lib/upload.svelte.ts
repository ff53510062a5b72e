/**
 * The report that is being submitted. Its state is global, so that neither the form nor a running
 * upload is lost when the user opens another page.
 */

import { ApiError, errorFrom, paths, type ReportBody } from './api';

export type UploadPhase = 'idle' | 'sending' | 'saving' | 'failed' | 'done';

/** Window over which the speed is averaged. */
const SPEED_WINDOW_MS = 6_000;
const STALL_MS = 15_000;

class Upload {
  video = $state.raw<File | null>(null);
  written = $state.raw<File | null>(null);
  title = $state('');
  speaker = $state('');
  language = $state('zh');

  phase = $state<UploadPhase>('idle');
  sent = $state(0);
  total = $state(0);
  /** Bytes per second, 0 while unknown. */
  speed = $state(0);
  /** Nothing was sent for a while. */
  stalled = $state(false);
  error = $state.raw<ApiError | null>(null);
  /** Id of the report that the last upload created. */
  reportId = $state<string | null>(null);

  #request: XMLHttpRequest | null = null;
  #samples: { at: number; sent: number }[] = [];
  #stallTimer: ReturnType<typeof setTimeout> | undefined;

  get busy(): boolean {
    return this.phase === 'sending' || this.phase === 'saving';
  }

  get fraction(): number {
    return this.total > 0 ? Math.min(this.sent / this.total, 1) : 0;
  }

  /** Seconds left, or null while unknown. */
  get secondsLeft(): number | null {
    return this.speed > 0 ? (this.total - this.sent) / this.speed : null;
  }

  start(lang: string): void {
    if (this.video === null || this.busy) return;
    const request = new XMLHttpRequest();
    this.#request = request;
    this.#samples = [{ at: performance.now(), sent: 0 }];
    this.phase = 'sending';
    this.error = null;
    this.sent = 0;
    this.speed = 0;
    this.total = this.video.size + (this.written?.size ?? 0);

    request.upload.addEventListener('progress', (event) => this.#progress(event));
    request.upload.addEventListener('load', () => this.#allSent());
    request.addEventListener('load', () => this.#answered(request));
    request.addEventListener('error', () => this.#fail(new ApiError(0, 'network', '')));
    request.addEventListener('timeout', () => this.#fail(new ApiError(0, 'network', '')));
    request.open('POST', `${paths.reports}?${new URLSearchParams({ lang }).toString()}`);
    request.setRequestHeader('accept', 'application/json');
    request.send(this.#form(this.video));
    this.#watchForStall();
  }

  /** Stops the upload and keeps the form. */
  cancel(): void {
    this.#request?.abort();
    this.#settle('idle');
  }

  /** Removes the message and keeps the form. */
  dismiss(): void {
    if (this.busy) return;
    this.phase = 'idle';
    this.error = null;
  }

  /** Clears the form, but keeps speaker and language: the next report often has the same. */
  reset(): void {
    this.video = null;
    this.written = null;
    this.title = '';
    this.phase = 'idle';
    this.error = null;
    this.reportId = null;
  }

  #form(video: File): FormData {
    // The server reads the parts in order and checks the text fields before it stores files.
    const form = new FormData();
    form.append('title', this.title.trim());
    form.append('speaker', this.speaker.trim());
    form.append('language', this.language);
    if (this.written !== null) form.append('written', this.written, this.written.name);
    form.append('video', video, video.name);
    return form;
  }

  #progress(event: ProgressEvent): void {
    const now = performance.now();
    this.sent = event.loaded;
    if (event.lengthComputable) this.total = event.total;
    this.#samples.push({ at: now, sent: event.loaded });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > SPEED_WINDOW_MS) {
      this.#samples.shift();
    }
    const first = this.#samples[0];
    const seconds = first === undefined ? 0 : (now - first.at) / 1000;
    if (first !== undefined && seconds > 0.4) this.speed = (event.loaded - first.sent) / seconds;
    this.#watchForStall();
  }

  #watchForStall(): void {
    this.stalled = false;
    clearTimeout(this.#stallTimer);
    this.#stallTimer = setTimeout(() => {
      this.stalled = this.busy;
      this.speed = 0;
    }, STALL_MS);
  }

  #allSent(): void {
    this.sent = this.total;
    this.phase = 'saving';
    this.#watchForStall();
  }

  #answered(request: XMLHttpRequest): void {
    if (request.status < 200 || request.status >= 300) {
      this.#fail(errorFrom(request.status, request.responseText));
      return;
    }
    try {
      const { report } = JSON.parse(request.responseText) as ReportBody;
      this.reportId = report.id;
      this.#settle('done');
    } catch {
      this.#fail(new ApiError(request.status, 'bad_answer', ''));
    }
  }

  #fail(error: ApiError): void {
    this.error = error;
    this.#settle('failed');
  }

  #settle(phase: UploadPhase): void {
    clearTimeout(this.#stallTimer);
    this.#request = null;
    this.stalled = false;
    this.phase = phase;
  }
}

export const upload = new Upload();
