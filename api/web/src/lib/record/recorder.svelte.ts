/** Records the camera and the microphone into a take. */

import type { Info } from '../api';
import { chooseMime, AUDIO_BITS, extensionOf, stamp, VIDEO_BITS } from './formats';
import { isNear, secondsLeft } from './limits';
import { type Obstacle, obstacleIn, obstacleOf } from './obstacles';
import { Stopwatch } from './stopwatch';
import { Take } from './take.svelte';

export type Phase = 'asking' | 'obstacle' | 'ready' | 'counting' | 'recording' | 'paused' | 'saving' | 'done';

export interface Place {
  readonly person: string;
  readonly report: string;
  /** What recordings are called, before the time. */
  readonly name: string;
}

/** What is lost when the browser is killed. */
const SLICE_MS = 1_000;
/** Chromium writes MP4 out from key picture to key picture, by itself every few seconds; WebM at any time. */
const KEY_MS = 2_000;
const TICK_MS = 200;
const COUNT_FROM = 3;

const CONSTRAINTS: MediaStreamConstraints = {
  // A phone turns this to how it is held.
  video: { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

type Options = MediaRecorderOptions & { videoKeyFrameIntervalDuration?: number };

export class Recorder {
  phase = $state<Phase>('asking');
  obstacle = $state.raw<Obstacle | null>(null);
  stream = $state.raw<MediaStream | null>(null);
  take = $state.raw<Take | null>(null);
  /** Of the countdown. */
  count = $state(0);
  seconds = $state(0);
  /** Seconds that may still be recorded, once they are few. */
  left = $state<number | null>(null);
  /** It was paused or ended by the system, not by the person. */
  interrupted = $state(false);

  readonly #place: Place;
  readonly #info: () => Info | null;
  #closed = false;
  #mime = '';
  #recorder: MediaRecorder | null = null;
  #stopwatch = new Stopwatch();
  #timer: ReturnType<typeof setInterval> | undefined;
  #wakeLock: WakeLockSentinel | null = null;

  constructor(place: Place, info: () => Info | null) {
    this.#place = place;
    this.#info = info;
  }

  /** Asks for the camera and the microphone. */
  async open(): Promise<void> {
    this.phase = 'asking';
    this.obstacle = obstacleIn({
      secure: isSecureContext,
      userAgent: navigator.userAgent,
      hasCameras: navigator.mediaDevices?.getUserMedia !== undefined,
      hasRecorder: typeof MediaRecorder !== 'undefined',
    });
    const mime = this.obstacle === null ? chooseMime((one) => MediaRecorder.isTypeSupported(one)) : null;
    if (mime === null) return this.#refuse(this.obstacle ?? 'unsupported');
    this.#mime = mime;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
      if (this.#closed) return stopTracks(stream);
      this.#watch(stream);
      this.phase = 'ready';
    } catch (error) {
      this.#refuse(obstacleOf(error));
    }
  }

  /** Counts down and records. */
  countDown(): void {
    this.phase = 'counting';
    this.count = COUNT_FROM;
    this.#timer = setInterval(() => {
      this.count -= 1;
      if (this.count === 0) this.#start();
    }, 1_000);
  }

  cancelCount(): void {
    clearInterval(this.#timer);
    this.phase = 'ready';
  }

  pause(): void {
    if (this.phase !== 'recording') return;
    this.#stopwatch.stop(performance.now());
    // What there is of the present slice is kept before somebody waits for long.
    this.#recorder?.requestData();
    this.#recorder?.pause();
    this.phase = 'paused';
  }

  resume(): void {
    this.interrupted = false;
    this.#recorder?.resume();
    this.#stopwatch.start(performance.now());
    this.phase = 'recording';
  }

  /** Ends the take, and lets go of the camera. */
  async stop(): Promise<void> {
    const recorder = this.#recorder;
    if (recorder === null || this.phase === 'saving') return;
    this.phase = 'saving';
    this.#stopwatch.stop(performance.now());
    clearInterval(this.#timer);
    const stopped = new Promise((resolve) => recorder.addEventListener('stop', resolve, { once: true }));
    // One whose camera was unplugged has stopped by itself.
    if (recorder.state !== 'inactive') {
      recorder.stop();
      await stopped;
    }
    this.#recorder = null;
    this.#release();
    await this.take?.end();
    this.phase = 'done';
  }

  /** Gives the take up and begins anew. */
  async retake(): Promise<void> {
    await this.take?.discard();
    this.take = null;
    this.#stopwatch = new Stopwatch();
    this.seconds = 0;
    this.interrupted = false;
    await this.open();
  }

  /** Ends everything; what was recorded is kept. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.stop();
    this.#release();
  }

  /** The page is out of sight: phones give it no pictures then. */
  hidden(): void {
    if (this.phase === 'counting') this.cancelCount();
    if (this.phase !== 'recording') return;
    this.interrupted = true;
    this.pause();
  }

  /** The screen may have been off meanwhile, which ends the lock. */
  shown(): void {
    if (this.#recorder !== null) this.#stayAwake();
  }

  #start(): void {
    clearInterval(this.#timer);
    if (this.stream === null) return;
    const options: Options = {
      mimeType: this.#mime,
      videoBitsPerSecond: VIDEO_BITS,
      audioBitsPerSecond: AUDIO_BITS,
      videoKeyFrameIntervalDuration: KEY_MS,
    };
    try {
      const recorder = new MediaRecorder(this.stream, options);
      const take = this.#begin();
      recorder.addEventListener('dataavailable', ({ data }) => void take.add(data, this.#elapsed()));
      recorder.addEventListener('error', () => this.#broken());
      recorder.start(SLICE_MS);
      take.start();
      [this.#recorder, this.take] = [recorder, take];
    } catch {
      this.#refuse('failed');
      return;
    }
    this.phase = 'recording';
    this.#stopwatch.start(performance.now());
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#stayAwake();
  }

  #begin(): Take {
    const { person, report, name } = this.#place;
    const now = new Date();
    const id = `${now.getTime().toString(36)}-${Math.random().toString(36).slice(2)}`;
    const filename = `${name}-${stamp(now)}.${extensionOf(this.#mime)}`;
    return new Take({ id, person, report, name: filename, mime: this.#mime, seconds: 0, bytes: 0, url: null });
  }

  #elapsed(): number {
    return this.#stopwatch.seconds(performance.now());
  }

  #tick(): void {
    this.seconds = this.#elapsed();
    const left = secondsLeft(this.seconds, this.take?.bytes ?? 0, this.#info());
    this.left = isNear(left) ? left : null;
    if (left <= 0) void this.stop();
  }

  #watch(stream: MediaStream): void {
    this.stream = stream;
    for (const track of stream.getTracks()) {
      track.addEventListener('ended', () => this.#broken());
      // A call comes in, or another app takes the camera.
      track.addEventListener('mute', () => this.hidden());
    }
  }

  #broken(): void {
    this.interrupted = true;
    if (this.#recorder !== null) void this.stop();
    else if (this.phase === 'ready' || this.phase === 'counting') this.#refuse('busy');
  }

  #refuse(obstacle: Obstacle): void {
    this.#release();
    this.obstacle = obstacle;
    this.phase = 'obstacle';
  }

  #release(): void {
    clearInterval(this.#timer);
    if (this.stream !== null) stopTracks(this.stream);
    this.stream = null;
    this.left = null;
    this.#wakeLock?.release().catch(() => undefined);
    this.#wakeLock = null;
  }

  /** Without it, a phone turns its screen off while somebody speaks. */
  #stayAwake(): void {
    navigator.wakeLock?.request('screen').then(
      (lock) => {
        this.#wakeLock = lock;
      },
      () => undefined,
    );
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
