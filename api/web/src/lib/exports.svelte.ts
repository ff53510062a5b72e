/** Exports of a report or a round: the newest of each format, followed while one is being made. */

import { type Export, type ExportFormat, type Exported, listExports, requestExport } from './api';
import { type ApiError, asApiError } from './errors';

const POLL_MS = 1_500;

/** What can be made of something. */
export function formatsOf(of: Exported): readonly ExportFormat[] {
  return 'report' in of ? ['docx', 'pdf'] : ['table', 'archive'];
}

/** True while it is being made, or waits for that. */
export function isPending(one: Export): boolean {
  return one.state !== 'done' && one.state !== 'dead';
}

/** The newest export of each format; the list has the newest first. */
export function newest(exports: readonly Export[]): Partial<Record<ExportFormat, Export>> {
  const found: Partial<Record<ExportFormat, Export>> = {};
  for (const one of exports) found[one.format] ??= one;
  return found;
}

export class Exports {
  made = $state.raw<Partial<Record<ExportFormat, Export>>>({});
  error = $state.raw<ApiError | null>(null);
  /** The format that was asked for a moment ago. */
  asking = $state.raw<ExportFormat | null>(null);
  readonly #of: Exported;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(of: Exported) {
    this.#of = of;
  }

  async refresh(): Promise<void> {
    await this.#after(() => Promise.resolve());
  }

  async request(format: ExportFormat): Promise<void> {
    this.asking = format;
    await this.#after(async () => void (await requestExport(this.#of, format)));
    this.asking = null;
  }

  /** Follows nothing any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #after(change: () => Promise<void>): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await change();
      this.made = newest(await listExports(this.#of));
      this.error = null;
    } catch (failure) {
      this.error = asApiError(failure);
    }
    // Also after a request that broke: what is being made is made without this page.
    const pending = Object.values(this.made).some(isPending);
    if (pending && !this.#stopped) this.#timer = setTimeout(() => void this.refresh(), POLL_MS);
  }
}
