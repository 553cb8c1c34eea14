/** Text edits that remember where every character came from. */

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly order: number;
}

interface Origin {
  readonly at: number;
  readonly copied: boolean;
  /**
   * What the first character maps to: after a replaced name, the name. V8 gives the place of a call `(0, S.f)(…)` as
   * that of its parenthesis.
   */
  readonly start: number;
}

export interface EditedText {
  readonly code: string;
  /** The offset in the original text of an offset in `code`; inserted text maps to where it was inserted, the prefix to -1. */
  original(offset: number): number;
}

/** Collects insertions and replacements of an immutable text. Replaced ranges must not overlap. */
export class Edits {
  readonly #text: string;
  readonly #edits: Edit[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Inserts before the character at `at`; insertions at one place keep the order in which they were made. */
  insert(at: number, text: string): void {
    this.#edits.push({ start: at, end: at, text, order: this.#edits.length });
  }

  /** Inserts something that closes: it comes before anything that opens at the same place. */
  close(at: number, text: string): void {
    this.#edits.push({ start: at, end: at, text, order: -1 - this.#edits.length });
  }

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text, order: this.#edits.length });
  }

  /** Applies all edits, between a prefix and a suffix. */
  apply(prefix: string, suffix: string): EditedText {
    const edits = this.#edits.toSorted(
      (a, b) => a.start - b.start || Number(a.end > a.start) - Number(b.end > b.start) || a.order - b.order,
    );
    const outStarts: number[] = [0];
    const origins: Origin[] = [{ at: -1, copied: false, start: -1 }];
    let code = prefix;
    let position = 0;
    let replaced: number | undefined;
    const add = (piece: string, at: number, copied: boolean): void => {
      if (piece === "") return;
      outStarts.push(code.length);
      origins.push({ at, copied, start: copied ? (replaced ?? at) : at });
      replaced = undefined;
      code += piece;
    };
    for (const edit of edits) {
      if (edit.start < position) throw new Error(`internal: edits overlap at ${edit.start}`);
      add(this.#text.slice(position, edit.start), position, true);
      add(edit.text, edit.start, false);
      if (edit.end > edit.start) replaced = edit.start;
      position = edit.end;
    }
    add(this.#text.slice(position), position, true);
    add(suffix, this.#text.length, false);
    return { code, original: (offset) => lookUp(outStarts, origins, offset) };
  }
}

function lookUp(starts: readonly number[], origins: readonly Origin[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  const origin = origins[low];
  if (!origin) return -1;
  const into = offset - (starts[low] ?? 0);
  if (into === 0) return origin.start;
  return origin.copied ? origin.at + into : origin.at;
}
