// People, sessions and tokens of the mock server. Every password is "password"; `?lang` is not looked at.

import { randomUUID } from 'node:crypto';
import { body, empty, json, problem } from './http.mjs';

const MAX_FAILURES = 4;
const WAIT_SECONDS = 42;
/** The secret of the page that makes the first operator; it works once. */
const setup = { secret: 'first', used: false };

const people = new Map();
const sessions = new Map();
const tokens = new Map();
let failures = 0;

function add(name, display_name, ...grants) {
  const person = { id: randomUUID(), name, display_name, password: 'password', grants };
  people.set(name, person);
  return person;
}

const grant = (role, branch) => ({ role, branch });
add('liming', '李明', grant('activist', '/经济学院/学生第三党支部'));
add('wangfang', '王芳', grant('reviewer', '/经济学院'));
add('zhou', '周婷', grant('activist', '/经济学院/学生第三党支部'), grant('activist', '/青年志愿者协会'));
add('admin', '系统管理员', grant('operator', '/'));

const me = ({ id, name, display_name, grants }) => ({ id, name, display_name, grants });
const now = () => new Date().toISOString();
const ago = (days) => new Date(Date.now() - days * 86_400_000).toISOString();
const cookie = (id, age) => ({ 'set-cookie': `huibao_session=${id}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${age}` });

/** The session of a request, or null. */
export function sessionOf(request) {
  const id = /(?:^|; )huibao_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  const session = sessions.get(id) ?? null;
  if (session !== null) session.used_at = now();
  return session;
}

function begin(request, person) {
  const session = { id: randomUUID(), person, created_at: now(), used_at: now(), user_agent: request.headers['user-agent'] ?? '' };
  sessions.set(session.id, session);
  return session;
}

/** Somebody who signs in finds a phone and a token there already. */
function furnish(person) {
  if ([...sessions.values()].some((session) => session.person === person)) return;
  const phone = 'Mozilla/5.0 (Linux; Android 14; M2012K11AC) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.50';
  const id = randomUUID();
  sessions.set(id, { id, person, created_at: ago(9), used_at: ago(0.3), user_agent: phone });
  const token = { id: randomUUID(), person, name: '每周备份', created_at: ago(40), used_at: ago(2), expires_at: ago(-50) };
  tokens.set(token.id, token);
}

async function signIn(request, response) {
  const { name, password } = (await body(request)) ?? {};
  if (failures >= MAX_FAILURES) {
    failures = 0;
    return problem(response, 429, 'too_many_attempts', '', { 'retry-after': String(WAIT_SECONDS) });
  }
  const person = people.get(String(name).toLowerCase());
  if (person?.password !== password) {
    failures += 1;
    return problem(response, 401, 'wrong_credentials', '用户名或密码不对。');
  }
  failures = 0;
  furnish(person);
  return json(response, 200, { person: me(person) }, cookie(begin(request, person).id, 2_592_000));
}

async function setUp(request, response) {
  const { secret, name, display_name, password } = (await body(request)) ?? {};
  if (secret !== setup.secret || setup.used) return problem(response, 404, 'not_found');
  if (String(password).length < 8) return problem(response, 422, 'weak_password', '密码至少要有 8 个字符。');
  setup.used = true;
  const person = add(name, display_name || name, grant('operator', '/'));
  person.password = password;
  return json(response, 200, { person: me(person) }, cookie(begin(request, person).id, 2_592_000));
}

async function changePassword(request, response, session) {
  const { current, new: next } = (await body(request)) ?? {};
  if (session.person.password !== current) return problem(response, 401, 'wrong_credentials', '当前密码不对。');
  if (String(next).length < 8) return problem(response, 422, 'weak_password', '密码至少要有 8 个字符。');
  if (next === 'password1') return problem(response, 422, 'weak_password', '这个密码太常见，请换一个。');
  session.person.password = next;
  for (const other of sessions.values()) {
    if (other.person === session.person && other !== session) sessions.delete(other.id);
  }
  return empty(response);
}

async function makeToken(request, response, session) {
  const { name, expires_in_days } = (await body(request)) ?? {};
  const token = {
    id: randomUUID(), person: session.person, name, created_at: now(), used_at: null,
    expires_at: expires_in_days ? ago(-expires_in_days) : null,
  };
  tokens.set(token.id, token);
  return json(response, 201, { token: withoutPerson(token), secret: `hb_${randomUUID().replaceAll('-', '')}` });
}

const withoutPerson = ({ person: _, ...rest }) => rest;
const own = (all, session) => [...all.values()].filter((one) => one.person === session.person);

function remove(response, all, id, session) {
  if (all.get(id)?.person !== session.person) return problem(response, 404, 'not_found');
  all.delete(id);
  return empty(response);
}

/** What needs no session. Tells whether it was one of these. */
export function open(request, response, path) {
  if (path === '/session' && request.method === 'POST') return signIn(request, response), true;
  if (path === '/setup' && request.method === 'POST') return setUp(request, response), true;
  return false;
}

/** What belongs to the person who is signed in. Tells whether it was one of these. */
export function personal(request, response, path, session) {
  const { method } = request;
  const [, kind, id] = /^\/me\/(sessions|tokens)(?:\/(.+))?$/.exec(path) ?? [];
  if (path === '/session' && method === 'DELETE') {
    sessions.delete(session.id);
    return empty(response, cookie('', 0)), true;
  }
  if (path === '/me') return json(response, 200, me(session.person)), true;
  if (path === '/me/password') return changePassword(request, response, session), true;
  if (kind === 'tokens' && method === 'POST') return makeToken(request, response, session), true;
  if (kind === 'tokens' && method === 'GET') {
    return json(response, 200, { tokens: own(tokens, session).map(withoutPerson) }), true;
  }
  if (kind === 'sessions' && method === 'GET') {
    const list = own(sessions, session).map((one) => ({ ...withoutPerson(one), current: one === session }));
    return json(response, 200, { sessions: list.sort((a, b) => b.used_at.localeCompare(a.used_at)) }), true;
  }
  if (id && method === 'DELETE') return remove(response, kind === 'tokens' ? tokens : sessions, id, session), true;
  return false;
}
