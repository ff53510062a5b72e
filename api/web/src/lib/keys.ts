/** The keys of the desk. */

export const KEYS = {
  toggle: ['Space', 'F9'],
  back: ['←', 'F7'],
  forward: ['→', 'F8'],
  previous: ['↑'],
  next: ['↓'],
  edit: ['E'],
  comment: ['C'],
  undo: ['U'],
  slower: ['['],
  faster: [']'],
  silence: ['S'],
  search: ['/'],
  earlier: ['P'],
  later: ['N'],
  help: ['?'],
} as const;

export type DeskAction = keyof typeof KEYS;

const PLAIN: Record<string, DeskAction> = {
  ' ': 'toggle',
  ArrowLeft: 'back',
  ArrowRight: 'forward',
  ArrowUp: 'previous',
  ArrowDown: 'next',
  e: 'edit',
  c: 'comment',
  u: 'undo',
  '[': 'slower',
  ']': 'faster',
  s: 'silence',
  '/': 'search',
  p: 'earlier',
  n: 'later',
  '?': 'help',
};

/** What foot pedals send, which work while one types as well. */
const PEDALS: Record<string, DeskAction> = { F7: 'back', F8: 'forward', F9: 'toggle' };

type Key = Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey'>;

/** What a key does; nothing of what belongs to the browser, to a field that is typed in, or to a control. */
export function deskAction(event: Key, typing: boolean, onControl: boolean): DeskAction | null {
  if (event.altKey || event.metaKey) return null;
  if (event.ctrlKey) return event.key === ' ' ? 'toggle' : null;
  const pedal = PEDALS[event.key];
  if (pedal !== undefined) return pedal;
  if (typing || (onControl && event.key === ' ')) return null;
  return PLAIN[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null;
}

/** Whether somebody types in this element. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** Whether the space bar does something to this element by itself. A sentence is none: there it plays. */
export function isControl(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const control = target.closest('button, a, summary, input, video, [role=tab]');
  return control !== null && !control.matches('[data-start]');
}
