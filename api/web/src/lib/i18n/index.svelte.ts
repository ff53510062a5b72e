/** The language of the pages: first the browser's, then as switched. */

import type { ApiError } from '../errors';
import type { FileProblem } from '../limits';
import { bytes, clock } from '../format';
import { info } from '../info.svelte';
import { parseQuarter } from '../period';
import { en } from './en';
import { zh, type Dictionary } from './zh';

export type Lang = 'zh' | 'en';

const KEY = 'huibao.lang';
const dictionaries: Record<Lang, Dictionary> = { zh, en };

function remembered(): Lang | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'zh' || value === 'en' ? value : null;
  } catch {
    // Storage can be forbidden (private windows, some embedded browsers).
    return null;
  }
}

class I18n {
  lang = $state<Lang>(
    remembered() ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'),
  );

  /** The texts in the current language. */
  get t(): Dictionary {
    return dictionaries[this.lang];
  }

  toggle(): void {
    this.lang = this.lang === 'zh' ? 'en' : 'zh';
    try {
      localStorage.setItem(KEY, this.lang);
    } catch {
      // The choice is then kept only in this page.
    }
  }

  /** The message about a failed request. */
  problem(error: ApiError): string {
    const { t } = this;
    // What the pages can say better than the server, because they know what was being done.
    if (error.status === 412) return t.problem.outdated;
    if (error.code === 'not_a_draft') return t.problem.notADraft;
    if (error.unauthorized) return t.problem.unauthorized;
    if (error.code === 'unreadable') return t.problem.unreadable;
    if (error.message !== '') return error.message;
    if (error.status === 0) return t.problem.network;
    if (error.status === 404) return t.problem.notFound;
    if (error.status === 413) return t.problem.tooLargeForServer;
    return t.problem.http(error.status);
  }

  fileProblem(problem: FileProblem): string {
    const { t } = this;
    switch (problem.kind) {
      case 'too_large':
        return t.problem.too_large(bytes(problem.size), bytes(problem.limit));
      case 'too_long':
        return t.problem.too_long(clock(problem.seconds), clock(problem.limit));
      default:
        return t.problem[problem.kind];
    }
  }

  /** A duration in words, rounded. */
  span(seconds: number): string {
    const { upload: words } = this.t;
    if (seconds < 60) return words.seconds(Math.max(1, Math.round(seconds)));
    if (seconds < 5400) return words.minutes(Math.round(seconds / 60));
    return words.hours(Math.round(seconds / 360) / 10);
  }

  /** How long a recording is, to the second. */
  length(seconds: number): string {
    const whole = Math.round(seconds);
    return this.t.record.length(Math.floor(whole / 60), whole % 60);
  }

  kindName(code: string): string {
    return info.current?.kind_labels[code] ?? this.t.kinds[code] ?? code;
  }

  /** A quarter in words; another period as it is. */
  periodName(period: string): string {
    const quarter = parseQuarter(period);
    return quarter === null ? period : this.t.quarter(quarter.year, quarter.quarter);
  }

  /** A report's title, or what else it can be told by. */
  reportTitle(report: { title: string; kind: string; period: string }): string {
    if (report.title !== '') return report.title;
    if (report.period === '') return this.t.untitled;
    return `${this.kindName(report.kind)} · ${this.periodName(report.period)}`;
  }

  languageName(code: string): string {
    const known = this.t.languages[code];
    if (known !== undefined) return known;
    try {
      return new Intl.DisplayNames([this.t.locale], { type: 'language' }).of(code) ?? code;
    } catch {
      return code;
    }
  }
}

export const i18n = new I18n();
