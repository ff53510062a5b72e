/** Keeps an element in view, whether its container scrolls (desktop) or the page does (phone). */

/** The scroll container of the element, or null if that is the page itself. */
export function scrollBox(element: HTMLElement): HTMLElement | null {
  for (let box = element.parentElement; box !== null; box = box.parentElement) {
    const { overflowY } = getComputedStyle(box);
    if ((overflowY === 'auto' || overflowY === 'scroll') && box.scrollHeight > box.clientHeight) {
      return box === document.documentElement || box === document.body ? null : box;
    }
  }
  return null;
}

function behavior(): ScrollBehavior {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
}

/**
 * Scrolls only if the element is not visible, and then to the upper third. `covered` is the bottom
 * edge of what is fixed to the top of the window, in pixels.
 */
export function keepInView(element: HTMLElement, covered: number): void {
  const place = element.getBoundingClientRect();
  const box = scrollBox(element);
  if (box !== null) {
    const frame = box.getBoundingClientRect();
    if (place.top >= frame.top && place.bottom <= frame.bottom - 24) return;
    const top = box.scrollTop + place.top - frame.top - frame.height / 3;
    box.scrollTo({ top, behavior: behavior() });
    return;
  }
  if (place.top >= covered && place.bottom <= innerHeight - 24) return;
  const top = scrollY + place.top - covered - (innerHeight - covered) / 4;
  scrollTo({ top, behavior: behavior() });
}

/** True when a box is scrolled to its end, or nearly so. */
export function atEnd(box: HTMLElement): boolean {
  return box.scrollHeight - box.scrollTop - box.clientHeight < 40;
}
