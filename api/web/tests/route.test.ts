import { expect, it } from 'vitest';
import { exampleHref, parse, reportHref, roundHref, shown } from '../src/lib/route';

it('tells the pages apart', () => {
  expect(parse('')).toEqual({ page: 'home' });
  expect(parse('#/account')).toEqual({ page: 'account' });
  expect(parse('#/setup/a%2Fb')).toEqual({ page: 'setup', secret: 'a/b' });
  expect(parse(roundHref('0199-ab'))).toEqual({ page: 'round', id: '0199-ab' });
  expect(parse(exampleHref('0199-ab'))).toEqual({ page: 'example', id: '0199-ab' });
  expect(parse('#/examples')).toEqual({ page: 'examples' });
  expect(parse('#/rubrics')).toEqual({ page: 'rubrics' });
  expect(parse(reportHref('0199-ab'))).toEqual({ page: 'report', id: '0199-ab', spot: null });
});

it('leads to a place in a report', () => {
  const spot = { at: 83.2, words: '党史 & more' };
  expect(parse(reportHref('0199-ab', spot))).toEqual({ page: 'report', id: '0199-ab', spot });
  expect(parse('#/reports/1?at=x')).toEqual({ page: 'report', id: '1', spot: null });
  expect(parse('#/reports/1?words=%E5%85%9A')).toEqual({ page: 'report', id: '1', spot: { at: null, words: '党' } });
});

it('takes whatever else for the first page', () => {
  for (const odd of ['#/reports/', '#/reports/a/b', '#/setup', '#//evil.example', '#/reports/%E0%A4%A', '#https://evil.example']) {
    expect(parse(odd), odd).toEqual({ page: 'home' });
  }
});

it('shows the sign-in page in place of any page that needs it', () => {
  for (const hash of ['#/', '#/account', '#/reports/1']) {
    expect(shown(parse(hash), 'out')).toBe('sign-in');
    expect(shown(parse(hash), 'loading')).toBe('loading');
    expect(shown(parse(hash), 'unreachable')).toBe('unreachable');
    expect(shown(parse(hash), 'in')).toBe(parse(hash).page);
  }
});

it('sets up the first operator without anybody signed in', () => {
  for (const state of ['out', 'loading', 'in'] as const) expect(shown(parse('#/setup/x'), state)).toBe('setup');
});
