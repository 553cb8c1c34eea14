/** Boxed answers of a text: where each stands and what is in it. */
import { balancedEnd } from "./braces.ts";

export interface Box {
  /** Index of the command. */
  readonly start: number;
  /** Index behind the closing brace, or the text's end where none closes it. */
  readonly end: number;
  readonly content: string;
}

const COMMAND = /\\(?:boxed|fbox|framebox)\s*(?=[{\d\\(a-zA-Z-])/g;
/** Boxes looked at in one text at most, from the last. */
const MOST = 200;
const LONGEST = 60_000;

/** The boxes, in order; a box in a box is the outer one's content. An unclosed last box holds what follows on its line. */
export function boxesOf(text: string): readonly Box[] {
  if (!text.includes("box")) return [];
  const starts = [...text.matchAll(COMMAND)].slice(-MOST);
  const boxes: Box[] = [];
  for (const { index, 0: command } of starts) {
    const last = boxes.at(-1);
    if (last !== undefined && index < last.end) continue;
    const open = index + command.length;
    boxes.push(text[open] === "{" ? braced(text, index, open) : bare(text, index, open));
  }
  return boxes;
}

function braced(text: string, start: number, open: number): Box {
  const end = balancedEnd(text.slice(0, open + LONGEST + 2), open);
  if (end !== undefined) return { start, end, content: text.slice(open + 1, end - 1) };
  const line = /[^\n$]*/.exec(text.slice(open + 1, open + 1 + LONGEST))?.[0] ?? "";
  return { start, end: open + 1 + line.length, content: line };
}

/** \boxed 5 */
function bare(text: string, start: number, open: number): Box {
  const content = /^[^\s$.,;]*/.exec(text.slice(open, open + 200))?.[0] ?? "";
  return { start, end: open + content.length, content };
}
