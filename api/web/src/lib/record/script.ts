/** What a prompter shows: the written report, as far as it is text in this browser. */

const TEXT = /\.(txt|md)$/i;

interface Written {
  readonly typed: boolean;
  readonly writtenText: string;
  readonly written: File | null;
}

export async function scriptOf({ typed, writtenText, written }: Written): Promise<string> {
  if (typed) return writtenText.trim();
  if (written === null || !TEXT.test(written.name)) return '';
  const bytes = await written.arrayBuffer().catch(() => new ArrayBuffer(0));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch {
    // What Windows programs write in Chinese.
    return new TextDecoder('gb18030').decode(bytes).trim();
  }
}
