import { beforeEach, expect, it, vi } from 'vitest';
import type { Keeping, KeptTake } from '../src/lib/record/kept';
import type { Growing, SendOptions } from '../src/lib/tus';

vi.stubGlobal('navigator', { language: 'zh-CN' });
const { ApiError } = await import('../src/lib/errors');
const { CANCELLED } = await import('../src/lib/tus');
const { Take } = await import('../src/lib/record/take.svelte');
const { HandIn } = await import('../src/lib/hand-in.svelte');

/** A browser's storage that may become full. */
class FakeKeeping implements Keeping {
  takes = new Map<string, KeptTake>();
  kept = new Map<number, ArrayBuffer>();
  full = false;

  all = async () => [...this.takes.values()];
  put = async (take: KeptTake) => void this.takes.set(take.id, take);

  add = async (take: KeptTake, start: number, piece: ArrayBuffer) => {
    if (this.full) throw new DOMException('', 'QuotaExceededError');
    this.takes.set(take.id, take);
    this.kept.set(start, piece);
  };

  starts = async () => [...this.kept.keys()];

  pieces = async (_: string, from: number, to: number) =>
    [...this.kept].filter(([start]) => start >= from && start <= to).map(([, piece]) => piece);

  remove = async (id: string) => {
    this.takes.delete(id);
    this.kept.clear();
  };
}

const blank: KeptTake = {
  id: 't', person: 'p', report: 'r', name: '录像.webm', mime: 'video/webm', seconds: 0, bytes: 0, url: null,
};
const piece = (size: number, value: number) => new Blob([new Uint8Array(size).fill(value)]);
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const LARGE = 500_000;

let place: FakeKeeping;
interface Sent {
  options: SendOptions;
  file: Growing;
  done: Promise<string>;
  end: (failure?: Error) => void;
  events: string[];
}
let sends: Sent[];

const send = async (options: SendOptions) => {
  const events: string[] = [];
  let end: (failure?: Error) => void = () => undefined;
  const done = new Promise<string>((resolve, reject) => {
    end = (failure) => (failure === undefined ? resolve('u') : reject(failure));
  });
  done.catch(() => undefined);
  sends.push({ options, file: options.file as Growing, done, end, events });
  return {
    done,
    pause: () => void events.push('pause'),
    resume: () => void events.push('resume'),
    cancel: () => end(CANCELLED),
  };
};

async function read(take: InstanceType<typeof Take>, start: number, end = 1e9): Promise<[number, number[], boolean]> {
  const { value, done } = await take.read(start, end);
  const bytes = new Uint8Array(await value.arrayBuffer());
  return [bytes.length, [...new Set(bytes)], done];
}

beforeEach(() => {
  place = new FakeKeeping();
  sends = [];
});

it('keeps each piece with what is known of the take', async () => {
  const take = new Take(blank, send, place);
  await take.add(piece(10, 1), 1);
  await take.add(piece(0, 0), 1.5);
  await take.add(piece(20, 2), 2);
  expect([take.bytes, take.seconds, take.kept]).toEqual([30, 2, true]);
  expect(place.takes.get('t')).toMatchObject({ bytes: 30, seconds: 2, url: null });
  expect([...place.kept.keys()]).toEqual([0, 10]);
  take.began('https://h/api/v1/uploads/u');
  expect(place.takes.get('t')).toMatchObject({ bytes: 30, url: 'https://h/api/v1/uploads/u' });
});

it('reads from any byte to any other, over the ends of pieces', async () => {
  const take = new Take(blank, send, place);
  for (const value of [1, 2, 3]) await take.add(piece(LARGE, value), value);
  expect(await read(take, 0, 10)).toEqual([10, [1], false]);
  expect(await read(take, LARGE - 1, LARGE + 1)).toEqual([2, [1, 2], false]);
  expect(await read(take, LARGE + 5)).toEqual([2 * LARGE - 5, [2, 3], false]);
});

it('lets a request wait until it is worth it, or the recording has ended', async () => {
  const take = new Take(blank, send, place);
  const first = read(take, 0);
  await take.add(piece(10, 1), 1);
  await settled();
  await take.add(piece(LARGE, 2), 2);
  expect(await first).toEqual([LARGE + 10, [1, 2], false]);
  const rest = read(take, LARGE + 10);
  await take.add(piece(7, 3), 3);
  await take.end();
  expect(await rest).toEqual([7, [3], false]);
});

it('tells the length only when it is used, with nothing if all was sent', async () => {
  const take = new Take(blank, send, place);
  await take.add(piece(10, 1), 1);
  await take.end();
  const last = read(take, 10);
  await settled();
  take.use();
  expect(await last).toEqual([0, [], true]);
});

it('answers only who asked last', async () => {
  const take = new Take(blank, send, place);
  const heard: string[] = [];
  void take.read(0, 10).then(() => heard.push('first'));
  take.rest();
  void take.read(0, 10).then(() => heard.push('second'));
  await take.add(piece(LARGE, 1), 1);
  await settled();
  expect(heard).toEqual(['second']);
});

it('goes on without storage, and keeps nothing after a gap', async () => {
  const take = new Take(blank, send, place);
  await take.add(piece(10, 1), 1);
  place.full = true;
  await take.add(piece(10, 2), 2);
  place.full = false;
  await take.add(piece(10, 3), 3);
  await take.end();
  expect([take.kept, take.bytes, place.kept.size]).toEqual([false, 30, 1]);
  expect(await read(take, 5)).toEqual([25, [1, 2, 3], false]);
});

it('is restored with what was kept, and sends from where its upload is', async () => {
  const before = new Take(blank, send, place);
  await before.add(piece(10, 1), 1);
  await before.add(piece(20, 2), 2);
  before.began('https://h/api/v1/uploads/u');
  const kept = place.takes.get('t') ?? blank;
  const take = await Take.restore({ ...kept, bytes: 99 }, send, place);
  expect([take.bytes, take.seconds, take.url]).toEqual([30, 2, 'https://h/api/v1/uploads/u']);
  take.use();
  await settled();
  expect(sends[0]?.file).toBe(take);
  expect(await read(take, 25)).toEqual([5, [2], true]);
});

it('is forgotten once the server has it, and not before', async () => {
  const take = new Take(blank, send, place);
  await take.add(piece(10, 1), 1);
  await take.end();
  take.use();
  await settled();
  expect(place.kept.size).toBe(1);
  sends[0]?.end();
  await settled();
  expect([place.kept.size, place.takes.size]).toEqual([0, 0]);
});

it('is sent once, and again after an error', async () => {
  const take = new Take(blank, send, place);
  take.start();
  take.start();
  await settled();
  expect(sends).toHaveLength(1);
  sends[0]?.end(new ApiError(503, 'backend_busy', ''));
  await settled();
  expect([take.waiting?.status, place.takes.size]).toEqual([503, 0]);
  take.use();
  await settled();
  expect(sends).toHaveLength(2);
});

it('is given up here and at the server', async () => {
  const take = new Take(blank, send, place);
  await take.add(piece(10, 1), 1);
  take.start();
  await settled();
  await take.discard();
  await expect(sends[0]?.done).rejects.toBe(CANCELLED);
  expect(place.takes.size).toBe(0);
});

it('is handed in as the video, and goes on if that is cancelled', async () => {
  const calls: string[] = [];
  const server = {
    createReport: async (fields: object) => ({ body: { id: 'r', report: { ...fields, uploads: [] } }, etag: null }),
    submitReport: async () => void calls.push('submit'),
  } as unknown as ConstructorParameters<typeof HandIn>[1];
  const handIn = new HandIn('draft', server);
  expect(await handIn.prepareRecording()).toBe(true);
  const take = new Take(blank, send, place);
  await take.add(piece(10, 1), 1);
  await take.end();
  handIn.useTake(take);
  expect(handIn.hasVideo).toBe(true);
  void handIn.submit();
  await settled();
  sends[0]?.options.onprogress(5);
  expect([handIn.phase, handIn.transfer.fraction, take.sent]).toEqual(['sending', 0.5, 5]);
  handIn.pause();
  handIn.cancel();
  await settled();
  expect([handIn.phase, handIn.take, sends[0]?.events]).toEqual(['idle', take, ['pause', 'resume']]);
  const done = handIn.submit();
  await settled();
  sends[0]?.end();
  await done;
  expect([handIn.phase, calls, handIn.take]).toEqual(['done', ['submit'], null]);
  expect(handIn.finished('video')).toMatchObject({ id: 'u', filename: '录像.webm', length: 10 });
});
