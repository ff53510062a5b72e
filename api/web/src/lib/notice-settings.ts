/** How one wants to be told, as a form has it. */

import type { NoticeEvent, NoticeSettings, Person } from './api';

/** Everything that somebody can be told of. */
export const EVENTS: readonly NoticeEvent[] = [
  'round_opened',
  'deadline_near',
  'reminded',
  'handed_in',
  'ready',
  'processing_failed',
  'returned',
  'accepted',
  'commented',
];

/** What reviewers are told of. */
const OF_OTHERS: readonly NoticeEvent[] = ['ready', 'commented'];

/** What somebody can be told of, by what they are. */
export function eventsFor(person: Person): readonly NoticeEvent[] {
  const is = (role: string) => person.grants.some((grant) => grant.role === role);
  return [...new Set([...(is('activist') ? EVENTS : []), ...(is('reviewer') ? OF_OTHERS : [])])];
}

export interface NoticeForm {
  mail: NoticeSettings['mail'];
  /** What one wants to be told of, of what the form shows. */
  wanted: NoticeEvent[];
  quiet: boolean;
  /** `22:00`. */
  from: string;
  to: string;
  lang: string;
}

/** A minute of the day as an input has it. */
export function toTime(minute: number): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** The minute of the day, or null for what is no time. */
export function fromTime(text: string): number | null {
  const [, hours, minutes] = /^(\d{2}):(\d{2})/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return null;
  const minute = Number(hours) * 60 + Number(minutes);
  return minute < 24 * 60 ? minute : null;
}

export function toForm(settings: NoticeSettings, shown: readonly NoticeEvent[]): NoticeForm {
  const { mail, muted, quiet_from: from, quiet_to: to, lang } = settings;
  return {
    mail,
    wanted: shown.filter((event) => !muted.includes(event)),
    quiet: from !== null && to !== null,
    from: toTime(from ?? 22 * 60),
    to: toTime(to ?? 7 * 60),
    lang,
  };
}

/** What the form says, or null if its times are none. What it does not show stays as it was. */
export function fromForm(
  form: NoticeForm,
  before: NoticeSettings,
  shown: readonly NoticeEvent[],
  now: Date,
): NoticeSettings | null {
  const [from, to] = form.quiet ? [fromTime(form.from), fromTime(form.to)] : [null, null];
  if (form.quiet && (from === null || to === null || from === to)) return null;
  const hidden = before.muted.filter((event) => !shown.includes(event));
  return {
    mail: form.mail,
    muted: [...hidden, ...shown.filter((event) => !form.wanted.includes(event))],
    quiet_from: from,
    quiet_to: to,
    // Hours are those of where one is.
    utc_offset: -now.getTimezoneOffset(),
    lang: form.lang,
  };
}
