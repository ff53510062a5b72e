import type { SearchDictionary } from './search.zh';

export const searchEn: SearchDictionary = {
  heading: 'Search',
  link: 'Search reports',
  intro: 'Looks in all reports that you may read: what was said, the written reports, titles and names.',
  words: 'Words to look for',
  placeholder: 'such as 红船精神 李晓明',
  submit: 'Search',
  where: 'Look in',
  sources: { '': 'Everything', spoken: 'What was said', written: 'Written reports', about: 'Titles and names' },
  none: 'Nothing was found.',
  noneHint: 'All words must be there; put spaces between them. Try other or fewer words, or fewer filters.',
  tooMany: 'Please type what to look for, at most 100 characters.',
  more: 'More results',
  moreSentences: (count) => (count === 1 ? 'one more place' : `${count} more places`),
  waiting: (count) =>
    count === 1
      ? 'One report was changed just now; its new text is found a little later.'
      : `${count} reports were changed just now; their new texts are found a little later.`,
};
