import { beforeEach, expect, it, vi } from 'vitest';

vi.stubGlobal('navigator', { language: 'zh-CN' });
const { Session } = await import('../src/lib/session.svelte');
const { request } = await import('../src/lib/http');

const li = { id: '1', name: 'liming', display_name: '李明', grants: [] };
const wang = { id: '2', name: 'wangfang', display_name: '王芳', grants: [] };
const answers: (() => Response)[] = [];

function answer(status: number, body: unknown, headers: Record<string, string> = {}): void {
  answers.push(() => new Response(status === 204 ? null : JSON.stringify(body), { status, headers }));
}

function refuse(status: number, code: string, headers: Record<string, string> = {}): void {
  answer(status, { type: 'about:blank', title: '', status, detail: '', code }, headers);
}

const fetched = vi.fn((_path: string, _options: RequestInit) => {
  const next = answers.shift();
  return next === undefined ? Promise.reject(new TypeError('offline')) : Promise.resolve(next());
});
vi.stubGlobal('fetch', fetched);

beforeEach(() => {
  answers.length = 0;
  fetched.mockClear();
});

it('finds out who is signed in', async () => {
  const session = new Session();
  answer(200, li);
  await session.load();
  expect([session.state, session.me?.display_name]).toEqual(['in', '李明']);
});

it('shows the sign-in page to whoever is not, and does not call that expired', async () => {
  const session = new Session();
  refuse(401, 'unauthorized');
  await session.load();
  expect([session.state, session.expired]).toEqual(['out', false]);
});

it('tells a server that does not answer from one that knows nobody', async () => {
  const session = new Session();
  await session.load();
  expect([session.state, session.error?.code]).toEqual(['unreachable', 'network']);
});

it('stays signed out with a wrong password, and says how long to wait', async () => {
  const session = new Session();
  session.state = 'out';
  refuse(401, 'wrong_credentials');
  await expect(session.signIn('liming', 'x')).rejects.toMatchObject({ code: 'wrong_credentials' });
  refuse(429, 'too_many_attempts', { 'retry-after': '42' });
  await expect(session.signIn('liming', 'x')).rejects.toMatchObject({ retryAfter: 42 });
  expect([session.state, session.expired]).toEqual(['out', false]);
});

it('leads to the sign-in page when any request finds the session ended', async () => {
  const session = new Session();
  answer(200, { person: li });
  await session.signIn('liming', 'password');
  refuse(401, 'unauthorized');
  await expect(request('/api/v1/reports')).rejects.toMatchObject({ status: 401 });
  expect([session.state, session.expired, session.me]).toEqual(['out', true, null]);
});

it('keeps the session when the present password is wrong while another is chosen', async () => {
  const session = new Session();
  answer(200, { person: li });
  await session.signIn('liming', 'password');
  refuse(401, 'wrong_credentials');
  await expect(request('/api/v1/me/password', { method: 'POST', body: {} })).rejects.toMatchObject({ status: 401 });
  expect(session.state).toBe('in');
});

it('forgets forms for another person, and only then', async () => {
  const session = new Session();
  const clear = vi.fn();
  session.whenPersonChanges(clear);
  for (const [person, cleared] of [[li, 0], [li, 0], [wang, 1]] as const) {
    answer(200, { person });
    await session.signIn(person.name, 'password');
    expect(clear).toHaveBeenCalledTimes(cleared);
    refuse(401, 'unauthorized');
    await request('/api/v1/reports').catch(() => undefined);
  }
});

it('signs out, also where there is no session any more', async () => {
  for (const status of [204, 401]) {
    const session = new Session();
    const clear = vi.fn();
    session.whenPersonChanges(clear);
    answer(200, { person: li });
    await session.signIn('liming', 'password');
    if (status === 204) answer(204, null);
    else refuse(401, 'unauthorized');
    await session.signOut();
    expect([session.state, session.expired]).toEqual(['out', false]);
    expect(clear).toHaveBeenCalledOnce();
  }
});

it('stays signed in when signing out did not reach the server', async () => {
  const session = new Session();
  answer(200, { person: li });
  await session.signIn('liming', 'password');
  await expect(session.signOut()).rejects.toMatchObject({ code: 'network' });
  expect(session.state).toBe('in');
});

it('names the language and what a change is based on', async () => {
  answer(200, {});
  await request('/api/v1/reports/1', { method: 'PATCH', body: { title: 'x' }, ifMatch: '"r1"' });
  const [path, options] = fetched.mock.calls[0] ?? [];
  expect(path).toBe('/api/v1/reports/1?lang=zh');
  expect(options?.headers).toMatchObject({ 'if-match': '"r1"', 'content-type': 'application/json' });
});
