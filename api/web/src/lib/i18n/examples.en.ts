import type { ExamplesDictionary } from './examples.zh';

export const examplesEn: ExamplesDictionary = {
  heading: 'Good examples',
  intro: 'Reports that reviewers show, with their authors’ consent, to everybody of the branch and of those below it.',
  none: 'None is shown yet.',
  link: 'See good examples',
  back: 'Good examples',
  published: (by, when) => `shown by ${by} since ${when}`,
  consent:
    'This report may be shown as a good example to my branch and those below it (video, transcript and written report; no comments, decisions or reasons).',
  consentHint: 'You can take this back at any time; it is removed at once.',
  agreed: 'The author agrees to its being shown as a good example.',
  notShown: 'It is not shown.',
  shown: (by, when) => `Shown as a good example by ${by} since ${when}.`,
  see: 'Open the example',
  publish: 'Show as an example',
  confirmPublish: 'Everybody of the branch and of those below it will see it. Show it?',
  withdraw: 'Withdraw the example',
  confirmWithdraw: 'Nobody else will see it any more. Withdraw it?',
};
