/** Periods that reports are about: quarters, written like `2026Q4`. */

export interface Quarter {
  year: number;
  /** 1 to 4. */
  quarter: number;
}

export function quarterOf(date: Date): string {
  return `${date.getFullYear()}Q${Math.floor(date.getMonth() / 3) + 1}`;
}

/** The quarter, or null if the period is something else. */
export function parseQuarter(period: string): Quarter | null {
  const [, year, quarter] = /^(\d{4})Q([1-4])$/.exec(period) ?? [];
  return year === undefined ? null : { year: Number(year), quarter: Number(quarter) };
}

/** This quarter and those before it, newest first, and the period of a report if it is none of them. */
export function periodChoices(now: Date, count: number, current: string): string[] {
  // The middle of a quarter, so that no change of clocks leads into another one.
  const middle = (back: number) => new Date(now.getFullYear(), Math.floor(now.getMonth() / 3) * 3 + 1 - 3 * back, 15);
  const quarters = Array.from({ length: count }, (_, back) => quarterOf(middle(back)));
  return current === '' || quarters.includes(current) ? quarters : [...quarters, current];
}
