import { expect, it } from 'vitest';
import type { Grant, ReportState } from '../src/lib/api';
import { deviceName } from '../src/lib/device';
import { passwordProblems } from '../src/lib/password';
import { branchesOf, branchName, canSendAgain, canWithdraw, credentialsTable, newPassword } from '../src/lib/people';

const grant = (role: Grant['role'], branch: string): Grant => ({ role, branch });
const person = (...grants: Grant[]) => ({
  id: '1', name: 'li', display_name: '李明', number: null, email: null, disabled: false, grants,
});
const states: ReportState[] = [
  'draft', 'submitted', 'processing', 'ready', 'failed', 'in_review', 'accepted', 'returned', 'withdrawn',
];

it('knows the branches that somebody hands in to', () => {
  expect(branchesOf(person(grant('reviewer', '/a'), grant('operator', '/')))).toEqual([]);
  expect(branchesOf(person(grant('activist', '/b'), grant('activist', '/a'), grant('activist', '/b')))).toEqual(['/b', '/a']);
  expect([branchName('/a/b'), branchName('/')]).toEqual(['a / b', '']);
});

it('lets authors take back what nobody has begun to review', () => {
  const from = (own: boolean) => states.filter((state) => canWithdraw({ own, state }));
  expect(from(true)).toEqual(['submitted', 'processing', 'ready', 'failed']);
  expect(from(false)).toEqual([]);
});

it('lets authors send another file while the report is open', () => {
  expect(canSendAgain({ own: true, open: true, state: 'failed' })).toBe(true);
  expect(canSendAgain({ own: true, open: true, state: 'returned' })).toBe(true);
  expect(canSendAgain({ own: true, open: false, state: 'ready' })).toBe(false);
  expect(canSendAgain({ own: true, open: true, state: 'draft' })).toBe(false);
  expect(canSendAgain({ own: false, open: true, state: 'failed' })).toBe(false);
});

it('says what is wrong with a new password', () => {
  expect(passwordProblems('', '')).toEqual({ password: 'missing', repeated: 'missing' });
  expect(passwordProblems('seven77', 'seven77')).toEqual({ password: 'tooShort', repeated: null });
  expect(passwordProblems('long enough', 'long enouhg')).toEqual({ password: null, repeated: 'differ' });
  expect(passwordProblems('八个字符就够了吧', '八个字符就够了吧')).toEqual({ password: null, repeated: null });
});

it('names browsers and systems', () => {
  const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36';
  expect(deviceName(windows)).toBe('Chrome · Windows');
  expect(deviceName(`${windows} Edg/126.0`)).toBe('Edge · Windows');
  expect(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) MicroMessenger/8.0.50')).toBe('WeChat · iOS');
  expect(deviceName('curl/8.5.0')).toBe('curl/8.5.0');
});

it('makes passwords that can be read out, and no two alike', () => {
  const made = new Set(Array.from({ length: 50 }, newPassword));
  expect(made.size).toBe(50);
  for (const password of made) expect(password).toMatch(/^([a-hjkmnp-z2-9]{4}-){2}[a-hjkmnp-z2-9]{4}$/);
});

it('makes a table in which nothing is a formula', async () => {
  const one = { id: '1', number: '=1+1', display_name: '李 "晓" 明', name: 'li', password: '-x' };
  const text = await credentialsTable([one], ['a', 'b', 'c', 'd']).text();
  expect(text.split('\r\n')[1]).toBe(`"'=1+1","李 ""晓"" 明","li","'-x"`);
});
