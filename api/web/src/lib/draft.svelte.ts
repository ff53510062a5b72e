/** A draft as the server has it: what its author wrote, and the files. */

import type { Report, ReportFields, Upload, UploadRole } from './api';
import { ApiError } from './errors';
import type { Server } from './server';

export class Draft {
  /** The report's id, once there is a draft. */
  id = $state<string | null>(null);
  /** The files that the server has, or parts of them. */
  uploads = $state.raw<readonly Upload[]>([]);
  readonly #server: Server;
  #etag: string | null = null;
  #known: ReportFields | null = null;

  constructor(server: Server) {
    this.#server = server;
  }

  load(report: Report): void {
    this.id = report.id;
    this.uploads = report.uploads;
    this.#known = fieldsOf(report);
  }

  find(role: UploadRole, finished: boolean): Upload | null {
    return this.uploads.find((upload) => upload.role === role && upload.finished === finished) ?? null;
  }

  /** The photos of pages that the server has, in their order. */
  get pages(): readonly Upload[] {
    return this.uploads.filter((upload) => upload.role === 'page' && upload.finished);
  }

  /** Makes the draft or brings it up to date, and says its id. */
  async save(fields: ReportFields, branch: string): Promise<string> {
    if (this.id === null) {
      const report = branch === '' ? fields : { ...fields, branch };
      const { body, etag } = await this.#server.createReport(report);
      this.id = body.id;
      this.#keep(body.report, etag);
    } else if (!same(fields, this.#known)) {
      await this.#change(this.id, fields);
    }
    return this.id;
  }

  /** A file has arrived: a page beside the others, anything else in place of the one before. */
  add(id: string, role: UploadRole, filename: string, length: number): void {
    const upload = { id, role, filename, length, finished: true };
    const others = this.uploads.filter((other) => (role === 'page' ? other.id !== id : other.role !== role));
    this.uploads = [...others, upload];
  }

  async remove(upload: Upload): Promise<void> {
    try {
      await this.#server.removeUpload(upload.id);
    } catch (failure) {
      // It is what was wanted.
      if (!(failure instanceof ApiError && failure.status === 404)) throw failure;
    }
    this.uploads = this.uploads.filter((other) => other.id !== upload.id);
  }

  #keep(report: Report, etag: string | null): void {
    this.#etag = etag;
    this.#known = fieldsOf(report);
  }

  async #change(id: string, fields: ReportFields): Promise<void> {
    // Two turns: an ETag may be another one although nobody wrote anything else.
    for (const last of [false, true]) {
      const etag = this.#etag ?? (await this.#lookAgain(id));
      try {
        const changed = await this.#server.changeReport(id, fields, etag);
        this.#keep(changed.body.report, changed.etag);
        return;
      } catch (failure) {
        if (!(failure instanceof ApiError) || failure.status !== 412 || last) throw failure;
        this.#etag = null;
      }
    }
  }

  /** Asks for the draft's ETag; fails if somebody has changed it elsewhere. */
  async #lookAgain(id: string): Promise<string> {
    const { body, etag } = await this.#server.getTagged(id);
    const before = this.#known;
    // From now on it is known: whoever tries again means it.
    this.#keep(body.report, etag);
    this.uploads = body.report.uploads;
    if (!same(fieldsOf(body.report), before)) throw new ApiError(412, 'outdated', '');
    return etag ?? '*';
  }
}

function fieldsOf({ title, kind, period, language, written_text }: Report): ReportFields {
  return { title, kind, period, language, written_text };
}

function same(one: ReportFields, other: ReportFields | null): boolean {
  const keys: (keyof ReportFields)[] = ['title', 'kind', 'period', 'language', 'written_text'];
  return other !== null && keys.every((key) => one[key] === other[key]);
}
