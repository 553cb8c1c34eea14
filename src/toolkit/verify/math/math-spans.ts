/** Mathematics in a text: $…$ on one line, $$…$$, \(…\), \[…\] and environments that show equations. */

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly content: string;
}

const LONGEST = 20_000;
const MOST = 400;

/** The spans in order. Inline mathematics does not begin or end with a line break; an escaped dollar sign is money. */
export function mathSpans(text: string): readonly Span[] {
  const spans: Span[] = [];
  let at = 0;
  while (at < text.length) {
    const next = nextOpening(text, at);
    if (next === undefined) break;
    const span = close(text, next);
    if (span === undefined) {
      at = next.at + next.open.length;
      continue;
    }
    at = span.end;
    if (span.content.trim() !== "" && !(next.inline && isBroken(span.content))) spans.push(span);
    if (spans.length > MOST) spans.shift();
  }
  return spans;
}

interface Opening {
  readonly at: number;
  readonly open: string;
  readonly close: string;
  readonly inline: boolean;
}

const OPENINGS = /(?<!\\)\$\$|(?<!\\)\$|(?<!\\)\\\(|(?<!\\)\\\[/g;

function nextOpening(text: string, from: number): Opening | undefined {
  OPENINGS.lastIndex = from;
  const match = OPENINGS.exec(text);
  if (match === null) return undefined;
  const [open] = match;
  const close = open === "\\(" ? "\\)" : open === "\\[" ? "\\]" : open;
  return { at: match.index, open, close, inline: open === "$" || open === "\\(" };
}

function close(text: string, { at, open, close: mark }: Opening): Span | undefined {
  const start = at + open.length;
  const limit = Math.min(text.length, start + LONGEST);
  for (let end = text.indexOf(mark, start); end >= 0 && end < limit; end = text.indexOf(mark, end + 1)) {
    if (text[end - 1] === "\\" && text[end - 2] !== "\\") continue;
    if (open === "$" && text[end + 1] === "$" && end === start) return undefined;
    return { start: at, end: end + mark.length, content: text.slice(start, end) };
  }
  return undefined;
}

function isBroken(content: string): boolean {
  return /^[^\S\n]*\n|\n[^\S\n]*$/.test(content);
}
