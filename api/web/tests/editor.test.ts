import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Corrected } from '../src/lib/api';
import { SentenceEditor } from '../src/lib/editor.svelte';
import { ApiError } from '../src/lib/errors';
import { keep, recall, unsavedIn } from '../src/lib/unsaved';
import { storage } from './storage';

/** A transcript with one sentence, as the server has it. */
class Server {
  text: string | null = '一';
  asked = 0;
  failing: ApiError | null = null;

  async correct(replaced: readonly { text: string }[], by: readonly string[]): Promise<Corrected> {
    this.asked += 1;
    if (this.failing !== null) throw this.failing;
    if (replaced[0]?.text !== this.text) throw new ApiError(412, 'outdated', '');
    this.text = (by[0] ?? '').trim();
    const after = { id: 1, text: this.text } as never;
    return { version: 3, changes: [{ id: 1, before: null, after }] };
  }

  current(): Promise<string | null> {
    return Promise.resolve(this.text);
  }
}

function open(server: Server, text = '一'): SentenceEditor {
  return new SentenceEditor('r', { id: 1, text }, server);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('localStorage', storage());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a sentence that is corrected', () => {
  test('is saved once typing pauses', async () => {
    const server = new Server();
    const editor = open(server);
    editor.type('一二');
    await vi.advanceTimersByTimeAsync(600);
    editor.type('一二三 ');
    expect([server.asked, editor.state]).toEqual([0, 'waiting']);
    expect(recall('r', 1)).toEqual({ read: '一', text: '一二三 ' });
    await vi.advanceTimersByTimeAsync(1000);
    expect([server.text, server.asked, editor.state]).toEqual(['一二三', 1, 'saved']);
    expect(editor.text, 'the cursor stays where it is').toBe('一二三 ');
    expect(unsavedIn('r')).toEqual([]);
  });

  test('is not sent if nothing is changed', async () => {
    const server = new Server();
    const editor = open(server);
    editor.type('一二');
    editor.type('一');
    expect(await editor.save()).toBe(true);
    await vi.advanceTimersByTimeAsync(5000);
    expect(server.asked).toBe(0);
  });

  test('is tried again while the network is away', async () => {
    const server = new Server();
    const editor = open(server);
    server.failing = ApiError.network();
    editor.type('一二');
    expect(await editor.save()).toBe(false);
    expect([editor.state, recall('r', 1)?.text]).toEqual(['failed', '一二']);
    server.failing = null;
    await vi.advanceTimersByTimeAsync(5000);
    expect([server.text, editor.state]).toEqual(['一二', 'saved']);
  });

  test('keeps both texts if somebody else was quicker', async () => {
    const server = new Server();
    const editor = open(server);
    server.text = '两';
    editor.type('一二');
    expect(await editor.save()).toBe(false);
    expect([editor.state, editor.theirs, editor.text]).toEqual(['conflict', '两', '一二']);
    editor.type('一二三');
    await vi.advanceTimersByTimeAsync(5000);
    expect([server.text, server.asked], 'nothing is overwritten meanwhile').toEqual(['两', 1]);
    await editor.keepMine();
    expect([server.text, editor.state]).toEqual(['一二三', 'saved']);
  });

  test('lets its text go for theirs', async () => {
    const server = new Server();
    const editor = open(server);
    server.text = '两';
    editor.type('一二');
    await editor.save();
    editor.takeTheirs();
    expect([editor.text, editor.state, unsavedIn('r')]).toEqual(['两', 'saved', []]);
  });

  test('is no conflict if the answer alone was lost', async () => {
    const server = new Server();
    const editor = open(server);
    server.text = '一二';
    editor.type('一二');
    expect(await editor.save()).toBe(true);
  });

  test('follows what others do as long as nothing is typed', async () => {
    const server = new Server();
    const editor = open(server);
    editor.seen('两');
    expect([editor.text, editor.state]).toEqual(['两', 'saved']);
    editor.type('二');
    editor.seen('贰');
    expect([editor.text, editor.theirs, editor.state]).toEqual(['二', '贰', 'conflict']);
    editor.takeTheirs();
    editor.type('三');
    editor.seen(null);
    expect([editor.theirs, editor.state, editor.text]).toEqual([null, 'conflict', '三']);
  });

  test('goes on with what a page that was closed could not save', async () => {
    const server = new Server();
    keep('r', 1, { read: '一', text: '一二' });
    const editor = open(server);
    expect(editor.text).toBe('一二');
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.text).toBe('一二');
    // And shows a conflict if it was changed since.
    keep('r', 1, { read: '一', text: '三' });
    const other = open(server, '一二');
    expect([other.state, other.theirs, other.text]).toEqual(['conflict', '一二', '三']);
  });

  test('works without a storage', async () => {
    vi.stubGlobal('localStorage', undefined);
    const server = new Server();
    const editor = open(server);
    editor.type('一二');
    expect(await editor.save()).toBe(true);
  });
});
