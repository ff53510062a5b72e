import { expect, it } from 'vitest';
import type { AuditEntry } from '../src/lib/api';
import { detailOf, namesOf, subjectOf } from '../src/lib/audit';
import { en } from '../src/lib/i18n/en';
import { zh } from '../src/lib/i18n/zh';

const entry = (fields: Partial<AuditEntry>): AuditEntry =>
  ({ id: '1', at: '', actor: '', person: null, address: null, action: 'refused', subject: '', detail: {}, ...fields }) as AuditEntry;

it('takes an entry apart', () => {
  expect(subjectOf(entry({ subject: 'branch:/a:b' }))).toEqual({ kind: 'branch', id: '/a:b' });
  expect(detailOf(entry({ detail: { file: 'video', size: 3 } }))).toBe('file: video, size: 3');
  expect(detailOf(entry({ detail: 'odd' }))).toBe('odd');
});

it('asks for each name once, and keeps the id of whom it does not find', async () => {
  const asked: string[] = [];
  const load = async (id: string) => {
    asked.push(id);
    if (id.startsWith('gone')) throw new Error('not found');
    return { display_name: `${id}!` };
  };
  const entries = [entry({ person: 'li' }), entry({ person: 'li', subject: 'person:gone-for-good' }), entry({ person: 'known' })];
  const names = await namesOf(entries, new Map([['known', 'k']]), load);
  expect(asked.sort()).toEqual(['gone-for-good', 'li']);
  expect([names.get('li'), names.get('gone-for-good'), names.get('known')]).toEqual(['li!', 'gone-for', 'k']);
});

it('has words for everything that the log tells of, in both languages', () => {
  // Those of one language are checked by the compiler.
  expect(Object.keys(en.audit.actions).sort()).toEqual(Object.keys(zh.audit.actions).sort());
});
