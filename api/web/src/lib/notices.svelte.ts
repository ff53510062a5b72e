/** What one is told: how much is unread, kept up to date by events. */

import { listNotices, markRead, paths, type Notice } from './api';

/** The most that are fetched at once. */
const PAGE = 30;

class Notices {
  unread = $state(0);
  list = $state.raw<readonly Notice[]>([]);
  next = $state<string | null>(null);
  loaded = $state(false);

  /** Follows what happens until the returned function is called. */
  follow(): () => void {
    this.list = [];
    this.loaded = false;
    const look = (): void => void this.load().catch(() => undefined);
    look();
    // Browsers connect again by themselves, and say which event was the last.
    const events = new EventSource(paths.notices);
    events.addEventListener('notice', look);
    return () => {
      events.close();
      this.unread = 0;
      this.list = [];
    };
  }

  /** Reads the newest. */
  async load(): Promise<void> {
    const page = await listNotices(PAGE);
    this.unread = page.unread;
    this.list = page.notices;
    this.next = page.next;
    this.loaded = true;
  }

  /** Reads earlier ones as well. */
  async more(): Promise<void> {
    if (this.next === null) return;
    const page = await listNotices(PAGE, this.next);
    this.list = [...this.list, ...page.notices];
    this.next = page.next;
  }

  /** All that is here has been seen. */
  async read(): Promise<void> {
    const newest = this.list[0];
    if (newest === undefined || this.unread === 0) return;
    await markRead(newest.id);
    this.unread = 0;
  }
}

export const notices = new Notices();
