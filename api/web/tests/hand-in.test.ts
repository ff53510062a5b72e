import { beforeEach, expect, it, vi } from 'vitest';
import type { Report, ReportFields, Upload } from '../src/lib/api';
import type { Server } from '../src/lib/server';
import type { SendOptions } from '../src/lib/tus';

vi.stubGlobal('navigator', { language: 'zh-CN' });
const { ApiError } = await import('../src/lib/errors');
const { fingerprint } = await import('../src/lib/fingerprint');
const { CANCELLED, mayRetry } = await import('../src/lib/tus');
const { HandIn } = await import('../src/lib/hand-in.svelte');

const empty: ReportFields = { title: '', kind: 'other', period: '2026Q4', language: 'zh', written_text: '' };

/** A server with one report, on which files end only when the test says so. */
class FakeServer implements Server {
  fields: ReportFields = empty;
  uploads: Upload[] = [];
  revision = 1;
  calls: string[] = [];
  fail: Record<string, Error | undefined> = {};
  /** The upload that runs. */
  running: { options: SendOptions; end: (failure?: Error, id?: string) => void; events: string[] } | null = null;

  answer(etag: string | null) {
    const report = { id: 'r', branch: '/a', written: null, pages: [], uploads: this.uploads, ...this.fields } as unknown as Report;
    return Promise.resolve({ body: { id: 'r', report }, etag });
  }

  private call(name: string): void {
    this.calls.push(name);
    const failure = this.fail[name];
    this.fail[name] = undefined;
    if (failure !== undefined) throw failure;
  }

  createReport = async (fields: ReportFields) => {
    this.call('create');
    this.fields = fields;
    return this.answer(null);
  };

  changeReport = async (_: string, fields: ReportFields, etag: string) => {
    this.call('change');
    if (etag !== `"r${this.revision}"`) throw new ApiError(412, 'outdated', '');
    this.fields = fields;
    this.revision += 1;
    return this.answer(`"r${this.revision}"`);
  };

  getTagged = async () => {
    this.call('get');
    return this.answer(`"r${this.revision}"`);
  };

  submitReport = async () => this.call('submit');

  removeUpload = async (id: string) => this.call(`remove ${id}`);

  send = async (options: SendOptions) => {
    this.call(`send ${options.role}`);
    const events: string[] = [];
    let end: (failure?: Error, id?: string) => void = () => undefined;
    const done = new Promise<string>((resolve, reject) => {
      end = (failure, id = `${options.role}-id`) => (failure === undefined ? resolve(id) : reject(failure));
    });
    this.running = { options, end, events };
    return {
      done,
      pause: () => events.push('pause'),
      resume: () => events.push('resume'),
      cancel: () => end(CANCELLED),
    };
  };
}

const file = (name: string, size: number) => new File([new Uint8Array(size)], name);
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

let server: FakeServer;

function form(): InstanceType<typeof HandIn> {
  const handIn = new HandIn('draft', server);
  handIn.kind = 'study';
  handIn.period = '2026Q4';
  return handIn;
}

beforeEach(() => {
  server = new FakeServer();
});

it('makes a draft, sends the files, and hands in', async () => {
  const handIn = form();
  const created = vi.fn();
  handIn.oncreated = created;
  handIn.title = ' 体会 ';
  handIn.video = file('talk.mp4', 90);
  handIn.written = file('talk.docx', 10);
  const done = handIn.submit();
  await settled();
  expect(created).toHaveBeenCalledOnce();
  expect(server.fields).toMatchObject({ title: '体会', kind: 'study', period: '2026Q4' });
  expect([handIn.phase, handIn.transfer.role, handIn.transfer.total]).toEqual(['sending', 'written', 100]);
  server.running?.end();
  await settled();
  server.running?.options.onprogress(45);
  expect([handIn.transfer.role, handIn.transfer.sent, handIn.transfer.fraction]).toEqual(['video', 55, 0.55]);
  server.running?.end();
  await done;
  expect(handIn.phase).toBe('done');
  expect(server.calls).toEqual(['create', 'send written', 'send video', 'submit']);
});

it('sends photos of pages in their order, and each of them once', async () => {
  const handIn = form();
  handIn.video = file('talk.mp4', 90);
  handIn.choose([file('one.HEIC', 5), file('two.jpg', 6), file('talk.docx', 10)]);
  handIn.choose([file('three.png', 7)]);
  const done = handIn.submit();
  for (const [index, name] of ['talk.docx', 'one.HEIC', 'two.jpg'].entries()) {
    await settled();
    expect(server.running?.options.file.name).toBe(name);
    server.running?.end(undefined, `${index}`);
  }
  await settled();
  server.running?.end(new ApiError(503, 'backend_busy', ''));
  await done;
  expect(handIn.pages.map((page) => page.filename)).toEqual(['one.HEIC', 'two.jpg']);
  expect(handIn.photos.map((photo) => photo.name)).toEqual(['three.png']);
  server.calls = [];
  void handIn.submit();
  await settled();
  server.running?.end(undefined, '3');
  await settled();
  expect(server.calls).toEqual(['send page', 'send video']);
  expect(handIn.pages).toHaveLength(3);
});

it('sends only what is missing when it is tried again', async () => {
  const handIn = form();
  handIn.video = file('talk.mp4', 90);
  server.fail.submit = new ApiError(503, 'backend_busy', '');
  const done = handIn.submit();
  await settled();
  server.running?.end();
  await done;
  expect([handIn.phase, handIn.error?.code]).toEqual(['failed', 'backend_busy']);
  expect(handIn.finished('video')).toMatchObject({ id: 'video-id', filename: 'talk.mp4', length: 90 });
  await handIn.submit();
  expect(handIn.phase).toBe('done');
  expect(server.calls).toEqual(['create', 'send video', 'submit', 'submit']);
});

it('makes no second draft after an upload that failed', async () => {
  const handIn = form();
  handIn.video = file('talk.mp4', 90);
  const done = handIn.submit();
  await settled();
  server.running?.end(new ApiError(413, 'too_large', '太大'));
  await done;
  expect([handIn.phase, handIn.id, handIn.video?.name]).toEqual(['failed', 'r', 'talk.mp4']);
  void handIn.submit();
  await settled();
  expect(server.calls).toEqual(['create', 'send video', 'send video']);
});

it('pauses, resumes and waits for the connection', async () => {
  const handIn = form();
  handIn.video = file('talk.mp4', 90);
  void handIn.submit();
  await settled();
  const { running } = server;
  running?.options.onprogress(30);
  handIn.pause();
  running?.options.onprogress(31);
  running?.options.onwaiting(ApiError.network());
  expect([handIn.phase, handIn.transfer.sent, handIn.busy]).toEqual(['paused', 30, true]);
  handIn.resume();
  expect([handIn.phase, running?.events]).toEqual(['sending', ['pause', 'resume']]);
  running?.options.onwaiting(ApiError.network());
  expect([handIn.phase, handIn.transfer.error?.code]).toEqual(['waiting', 'network']);
  running?.options.onprogress(40);
  expect([handIn.phase, handIn.transfer.error]).toEqual(['sending', null]);
});

it('keeps the form when it is cancelled', async () => {
  const handIn = form();
  handIn.video = file('talk.mp4', 90);
  const done = handIn.submit();
  await settled();
  handIn.cancel();
  await done;
  expect([handIn.phase, handIn.error, handIn.video?.name]).toEqual(['idle', null, 'talk.mp4']);
  expect(server.calls).toEqual(['create', 'send video']);
});

it('saves a draft, and again only if something was changed', async () => {
  const handIn = form();
  await handIn.save();
  expect([handIn.phase, handIn.saved]).toEqual(['idle', true]);
  await handIn.save();
  handIn.title = 'x';
  await handIn.save();
  expect(server.calls).toEqual(['create', 'get', 'change']);
  handIn.touch();
  expect(handIn.saved).toBe(false);
});

it('does not write over what was changed on another page, until somebody insists', async () => {
  const handIn = form();
  await handIn.save();
  handIn.title = 'mine';
  await handIn.save();
  server.fields = { ...server.fields, title: 'theirs' };
  server.revision += 1;
  handIn.title = 'mine again';
  await handIn.save();
  expect([handIn.phase, handIn.error?.status, server.fields.title]).toEqual(['failed', 412, 'theirs']);
  await handIn.save();
  expect([handIn.phase, server.fields.title]).toEqual(['idle', 'mine again']);
});

it('is not stopped by an ETag that is another one for other reasons', async () => {
  const handIn = form();
  await handIn.save();
  handIn.title = 'a';
  await handIn.save();
  server.revision += 1;
  handIn.title = 'b';
  await handIn.save();
  expect([handIn.phase, server.fields.title]).toEqual(['idle', 'b']);
});

it('replaces a written file by typed text', async () => {
  const handIn = form();
  server.uploads = [{ id: 'w', role: 'written', filename: 'a.txt', length: 3, finished: true }];
  handIn.load((await server.answer(null)).body.report);
  handIn.typed = true;
  handIn.writtenText = '正文';
  await handIn.save();
  expect(server.fields.written_text).toBe('正文');
  expect([server.calls.at(-1), handIn.finished('written')]).toEqual(['remove w', null]);
});

it('goes on by itself after the person has signed in again', async () => {
  const handIn = form();
  handIn.video = file('talk.mp4', 90);
  const done = handIn.submit();
  await settled();
  server.running?.end(new ApiError(401, 'unauthorized', ''));
  await done;
  expect(handIn.phase).toBe('failed');
  void handIn.signedInAgain();
  await settled();
  expect(handIn.phase).toBe('sending');
});

it('remembers an upload by report, role and file, whatever the date of the copy', async () => {
  const bytes = (change: number) => {
    const all = new Uint8Array(300_000);
    all[change] = 1;
    return new File([all], 'a.mp4', { lastModified: change });
  };
  const one = await fingerprint('r', 'video', bytes(100_000));
  // In the middle, which is not looked at: so it is the same but for its date.
  expect(await fingerprint('r', 'video', bytes(150_000))).toBe(one);
  for (const other of [
    fingerprint('s', 'video', bytes(100_000)),
    fingerprint('r', 'written', bytes(100_000)),
    fingerprint('r', 'video', bytes(0)),
    fingerprint('r', 'video', bytes(299_999)),
    fingerprint('r', 'video', file('a.mp4', 3)),
  ]) {
    expect(await other).not.toBe(one);
  }
});

it('tries again what may succeed later', () => {
  const may = (status: number, method = 'PATCH', errors = 1) => mayRetry(new ApiError(status, '', ''), method, errors);
  expect([may(0, 'PATCH', 99), may(502), may(409), may(423), may(404)]).toEqual([true, true, true, true, true]);
  expect([may(404, 'POST'), may(401), may(413), may(503, 'PATCH', 9)]).toEqual([false, false, false, false]);
});
