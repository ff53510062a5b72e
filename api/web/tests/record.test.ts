import { describe, expect, it } from 'vitest';
import type { Info } from '../src/lib/api';
import { chooseMime, extensionOf, stamp } from '../src/lib/record/formats';
import { filled, LevelJudge, type Loudness, measure } from '../src/lib/record/level';
import { isNear, secondsLeft } from '../src/lib/record/limits';
import { obstacleIn, obstacleOf } from '../src/lib/record/obstacles';
import { pixelsPerSecond, position, spokenLength } from '../src/lib/record/prompter';
import { scriptOf } from '../src/lib/record/script';
import { Stopwatch } from '../src/lib/record/stopwatch';

describe('format', () => {
  it('prefers what the server need not transcode', () => {
    expect(chooseMime(() => true)).toBe('video/mp4;codecs=avc1.4D401F,mp4a.40.2');
    expect(chooseMime((mime) => mime.startsWith('video/webm'))).toBe('video/webm;codecs=vp8,opus');
    expect(chooseMime((mime) => mime === 'video/mp4')).toBe('video/mp4');
    expect(chooseMime(() => false)).toBeNull();
  });

  it('names the file by what is in it and when it was made', () => {
    expect([extensionOf('video/mp4'), extensionOf('video/webm;codecs=vp8,opus')]).toEqual(['mp4', 'webm']);
    expect(stamp(new Date(2026, 0, 2, 3, 4))).toBe('20260102-0304');
  });
});

describe('obstacle', () => {
  const able = { secure: true, userAgent: 'Chrome/120', hasCameras: true, hasRecorder: true };

  it('is none where a browser can record, be it that of WeChat', () => {
    expect(obstacleIn(able)).toBeNull();
    expect(obstacleIn({ ...able, userAgent: 'MicroMessenger/8.0' })).toBeNull();
  });

  it('is told by what is missing', () => {
    const without = { ...able, hasCameras: false };
    expect(obstacleIn({ ...without, secure: false })).toBe('insecure');
    expect(obstacleIn(without)).toBe('unsupported');
    expect(obstacleIn({ ...able, hasRecorder: false })).toBe('unsupported');
    expect(obstacleIn({ ...without, secure: false, userAgent: 'MicroMessenger/8.0' })).toBe('wechat');
  });

  it('is told by how the camera was refused', () => {
    const refusal = (name: string) => obstacleOf(new DOMException('', name));
    expect(['NotAllowedError', 'NotFoundError', 'NotReadableError', 'TypeError'].map(refusal)).toEqual([
      'denied',
      'missing',
      'busy',
      'failed',
    ]);
    expect(obstacleOf(undefined)).toBe('failed');
  });
});

describe('level', () => {
  /** What is judged after so many seconds of a sound that is looked at ten times a second. */
  function heard(seconds: number, rms: (tenth: number) => number, peak = 0.5): Loudness {
    const judge = new LevelJudge();
    let loudness: Loudness = 'fine';
    for (let tenth = 0; tenth <= seconds * 10; tenth += 1) {
      loudness = judge.add({ at: tenth * 100, rms: rms(tenth), peak });
    }
    return loudness;
  }

  it('warns of silence after three seconds, not before', () => {
    expect(heard(2.9, () => 0.0005)).toBe('fine');
    expect(heard(3, () => 0.0005)).toBe('silent');
    expect(heard(3, () => 0)).toBe('silent');
  });

  it('takes one who pauses between sentences for fine', () => {
    expect(heard(30, (tenth) => (tenth % 25 < 20 ? 0.1 : 0.001))).toBe('fine');
  });

  it('warns of sound that never stops', () => {
    expect(heard(4.9, () => 0.1)).toBe('fine');
    expect(heard(5, () => 0.1)).toBe('noisy');
  });

  it('warns of sound that is cut off', () => {
    expect(heard(3, (tenth) => (tenth % 20 < 15 ? 0.3 : 0.001), 1)).toBe('clipped');
  });

  it('forgets what was before a pause', () => {
    const judge = new LevelJudge();
    for (let at = 0; at <= 3000; at += 100) judge.add({ at, rms: 0, peak: 0 });
    judge.reset();
    expect(judge.add({ at: 3100, rms: 0, peak: 0 })).toBe('fine');
  });

  it('measures a wave, and fills a meter by decibels', () => {
    expect(measure(new Float32Array([0.5, -0.5, 0.5, -0.5]), 7)).toEqual({ at: 7, rms: 0.5, peak: 0.5 });
    expect([filled(0), filled(0.001), filled(1), filled(2)]).toEqual([0, 0, 1, 1]);
    expect(filled(0.1)).toBeCloseTo(2 / 3);
  });
});

describe('prompter', () => {
  it('counts what is spoken, not what is written', () => {
    expect(spokenLength('我志愿加入。')).toBe(5);
    expect(spokenLength('2026 年，我读了 Marx 的书')).toBe(2 + 1 + 3 + 2 + 2);
  });

  it('shows all of a text in the time that it takes to say it', () => {
    expect(pixelsPerSecond(200, 400, 1200) * 120).toBeCloseTo(1200);
    expect(pixelsPerSecond(200, 0, 1200)).toBe(0);
  });

  it('moves by lines for those who do not want things to move', () => {
    expect([position(59, 30, true), position(60, 30, true), position(59, 30, false)]).toEqual([30, 60, 59]);
  });

  it('takes typed text, or that of a text file, also from Windows', async () => {
    const file = (name: string, bytes: number[]) => new File([new Uint8Array(bytes)], name);
    const text = (written: File | null, typed = false) => scriptOf({ typed, writtenText: ' 打的字 ', written });
    expect(await text(null, true)).toBe('打的字');
    expect(await text(file('a.txt', [0xe5, 0x85, 0x9a]))).toBe('党');
    expect(await text(file('a.TXT', [0xb5, 0xb3]))).toBe('党');
    expect(await text(file('a.docx', [1]))).toBe('');
    expect(await text(null)).toBe('');
  });
});

describe('limits', () => {
  const info = { limits: { max_duration_seconds: 600, max_video_bytes: 100_000_000 } } as Info;

  it('counts down to the longest and to the largest that the server takes', () => {
    expect(secondsLeft(500, 10_000_000, info)).toBe(97);
    expect(secondsLeft(100, 50_000_000, info)).toBe(97);
    expect(secondsLeft(599, 1, info)).toBe(0);
    expect(secondsLeft(599, 1, null)).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not judge the rate by the first seconds', () => {
    expect(secondsLeft(1, 50_000_000, info)).toBe(596);
  });

  it('says so in the last minute', () => {
    expect([isNear(61), isNear(60)]).toEqual([false, true]);
  });
});

it('does not count pauses', () => {
  const stopwatch = new Stopwatch();
  expect(stopwatch.seconds(500)).toBe(0);
  stopwatch.start(1_000);
  stopwatch.stop(3_000);
  expect(stopwatch.seconds(9_000)).toBe(2);
  stopwatch.start(10_000);
  stopwatch.start(10_500);
  expect(stopwatch.seconds(11_000)).toBe(3);
});
