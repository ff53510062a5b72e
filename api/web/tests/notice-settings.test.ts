import { expect, it } from 'vitest';
import type { NoticeSettings, Person } from '../src/lib/api';
import { eventsFor, fromForm, fromTime, toForm, toTime } from '../src/lib/notice-settings';

const before: NoticeSettings = {
  mail: 'daily',
  muted: ['handed_in', 'ready'],
  quiet_from: null,
  quiet_to: null,
  utc_offset: 480,
  lang: 'zh',
};
const person = (...roles: string[]) => ({ grants: roles.map((role) => ({ role, branch: '/a' })) }) as unknown as Person;
const reviewer = eventsFor(person('reviewer'));
const shown = eventsFor(person('activist'));

it('shows people what they can be told of', () => {
  expect(reviewer).toEqual(['ready', 'commented']);
  expect(eventsFor(person())).toEqual([]);
  expect(eventsFor(person('activist', 'reviewer'))).toEqual(shown);
});

it('keeps what it does not show', () => {
  const form = toForm(before, reviewer);
  expect(form.wanted).toEqual(['commented']);
  form.wanted = ['ready', 'commented'];
  expect(fromForm(form, before, reviewer, new Date())?.muted).toEqual(['handed_in']);
  expect(fromForm({ ...form, wanted: ['commented'] }, before, reviewer, new Date())?.muted).toEqual(['handed_in', 'ready']);
});

it('knows times of the day', () => {
  expect([toTime(0), toTime(22 * 60 + 5)]).toEqual(['00:00', '22:05']);
  expect([fromTime('07:30'), fromTime('07:30:00'), fromTime(''), fromTime('25:00')]).toEqual([450, 450, null, null]);
});

it('wants two different times, if any', () => {
  const form = { ...toForm(before, shown), quiet: true, from: '22:00', to: '07:00' };
  expect(fromForm(form, before, shown, new Date())).toMatchObject({ quiet_from: 1320, quiet_to: 420 });
  expect(fromForm({ ...form, to: '22:00' }, before, shown, new Date())).toBe(null);
  expect(fromForm({ ...form, to: '' }, before, shown, new Date())).toBe(null);
  expect(fromForm({ ...form, quiet: false, to: '' }, before, shown, new Date())).toMatchObject({ quiet_from: null });
});
