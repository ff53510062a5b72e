import { expect, it } from 'vitest';
import { errorFrom } from '../src/lib/errors';

const problem = (code: string, detail?: string) =>
  JSON.stringify({ type: 'about:blank', title: 'Some Title', status: 422, code, detail });

it('takes code and message from a problem', () => {
  expect(errorFrom(422, problem('not_media', '不是视频'))).toMatchObject({ status: 422, code: 'not_media', message: '不是视频' });
  expect(errorFrom(422, problem('not_media'))).toMatchObject({ code: 'not_media', message: '' });
});

it('has a code for what a proxy answers, and for nothing', () => {
  expect(errorFrom(502, '<html>Bad Gateway</html>')).toMatchObject({ code: 'http_502', message: '' });
  expect(errorFrom(500, '"text"')).toMatchObject({ code: 'http_500' });
  expect(errorFrom(0, '')).toMatchObject({ code: 'network' });
});

it('reads how long to wait, in seconds or as a date', () => {
  const wait = (header: string | null) => errorFrom(429, problem('too_many_attempts'), header).retryAfter;
  expect([wait('42'), wait('0'), wait(null), wait(''), wait('soon')]).toEqual([42, 0, null, null, null]);
  const later = wait(new Date(Date.now() + 30_000).toUTCString());
  expect(later).toBeGreaterThan(27);
  expect(later).toBeLessThanOrEqual(30);
});

it('tells a session that ended from a wrong password', () => {
  expect(errorFrom(401, problem('unauthorized')).unauthorized).toBe(true);
  expect(errorFrom(401, '').unauthorized).toBe(true);
  expect(errorFrom(401, problem('wrong_credentials')).unauthorized).toBe(false);
  expect(errorFrom(403, problem('forbidden')).unauthorized).toBe(false);
});
