import { describe, expect, it } from 'vitest';
import type { Segment, Word } from '../src/lib/api';
import { expectedErrors, flagsIn, isCorrected, isUnsure, pieces, unsureBelow } from '../src/lib/segments';

function word(text: string, start: number, confidence: number, heard?: string): Word {
  const known = { text, start, end: start + 1, confidence };
  return heard === undefined ? known : { ...known, heard };
}

function segment(words: Word[], confidence: number | null = 0.9): Segment {
  const text = words.map((each) => each.text).join('');
  return { id: 1, start: 0, end: 10, text, confidence, words, flags: [] };
}

const whole = (made: Segment) => [{ text: made.text, match: null }];

describe('pieces', () => {
  it('joins words that look alike, and gives all of the text', () => {
    const made = segment([word('敬爱', 0, 0.9), word('的', 1, 0.9), word('党', 2, 0.3), word('组织。', 3, 0.9)]);
    const parts = pieces(made, whole(made), 0.6, null);
    expect(parts.map((part) => part.text)).toEqual(['敬爱的', '党', '组织。']);
    expect(parts.map((part) => part.unsure)).toEqual([null, 0.3, null]);
  });

  it('marks the word that is played', () => {
    const made = segment([word('敬爱', 0, 0.9), word('的', 1, 0.9)]);
    expect(pieces(made, whole(made), 0.6, 1.5).map((part) => part.now)).toEqual([false, true]);
  });

  it('splits at matches and at words', () => {
    const made = segment([word('敬爱', 0, 0.9), word('的党', 1, 0.2)]);
    const found = pieces(made, [{ text: '敬爱的', match: 0 }, { text: '党', match: null }], 0.6, null);
    expect(found.map(({ text, match, unsure }) => [text, match, unsure])).toEqual([
      ['敬爱', 0, null],
      ['的', 0, 0.2],
      ['党', null, 0.2],
    ]);
  });

  it('shows what was recognised where a word was replaced', () => {
    const made = segment([word('入党', 0, 0.9, '入挡')]);
    expect(pieces(made, whole(made), 0.6, null)[0]?.heard).toBe('入挡');
    expect(isCorrected(made)).toBe(true);
  });
});

describe('isUnsure', () => {
  it('goes by the words, or else by the segment', () => {
    expect(isUnsure(segment([word('党', 0, 0.84)]), 0.85)).toBe(true);
    expect(isUnsure(segment([word('党', 0, 0.85)]), 0.85)).toBe(false);
    expect(isUnsure(segment([], 0.5), 0.85)).toBe(true);
    expect(isUnsure(segment([], null), 0.85)).toBe(false);
  });
});

describe('unsureBelow', () => {
  const words = (...sure: number[]) => segment(sure.map((each, at) => word('党', at, each)));
  const marked = (made: Segment) => made.words.filter((each) => each.confidence < unsureBelow([made])).length;
  it('marks what is unsure, and at most the least sure tenth', () => {
    expect(marked(words(...Array<number>(19).fill(0.99), 0.5))).toBe(1);
    expect(marked(words(...Array.from({ length: 100 }, (_, at) => 0.93 + at / 10_000)))).toBe(14);
    expect(marked(words(...Array.from({ length: 100 }, (_, at) => 0.9455 + at / 10_000)))).toBe(10);
  });
  it('marks more where more is likely to be wrong', () => {
    expect(marked(words(...Array.from({ length: 100 }, (_, at) => at / 100)))).toBe(95);
  });
  it('marks a word of a short text, and nothing where there is none', () => {
    expect(marked(words(0.2, 0.99, 0.99))).toBe(1);
    expect(unsureBelow([segment([])])).toBe(0.95);
  });
});

it('lists each flag once, in a fixed order', () => {
  const flagged = (flags: Segment['flags']) => ({ ...segment([]), flags });
  expect(flagsIn([flagged(['repetition']), flagged(['unclear', 'repetition'])])).toEqual(['unclear', 'repetition']);
});

describe('expectedErrors', () => {
  it('is the mean of what is likely to be wrong', () => {
    const segments = [segment([word('敬爱', 0, 0.9), word('的', 1, 0.7)]), segment([word('党', 0, 1)])];
    expect(expectedErrors(segments)).toBeCloseTo(0.4 / 3);
    expect(expectedErrors([segment([])])).toBeNull();
  });
});
