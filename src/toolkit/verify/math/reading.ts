/** An answer's text with every way to read it. */
import { excerpt } from "../excerpt.ts";
import { clean } from "./clean.ts";
import type { Node } from "./node.ts";
import type { CommaReading } from "./number-literal.ts";
import { parseAnswer } from "./parse-answer.ts";
import { prepare } from "./prepare.ts";

export interface Answer {
  /** As it was given. */
  readonly raw: string;
  /** Without blanks and styles: two answers that are spelled alike are the same. */
  readonly spelling: string;
  /** Its readings; several where a comma or a letter may mean two things, none where it cannot be read. */
  readonly nodes: readonly Node[];
  /** Why there is no reading. */
  readonly problem: string;
}

/** Characters of an answer at most; more is not read. */
export const LONGEST_ANSWER = 60_000;

/**
 * @param latex whether it stood in LaTeX, where "5m" is a product
 */
export function readAnswer(raw: string, latex: boolean): Answer {
  if (raw.length > LONGEST_ANSWER)
    return {
      raw,
      spelling: "",
      nodes: [],
      problem: `the answer has ${raw.length} characters, above ${LONGEST_ANSWER}`,
    };
  const text = clean(raw);
  const nodes: Node[] = [];
  let problem = text === "" ? "the answer is empty" : "";
  for (const { comma, asLatex } of waysToRead(text, latex || /\\[a-zA-Z]/.test(raw))) {
    const parsed = parseAnswer(text, { comma, latex: asLatex });
    if (parsed.kind === "parsed") nodes.push(prepare(parsed.node));
    else if (problem === "") problem = `${excerpt(raw)} cannot be read: ${parsed.reason}`;
  }
  return { raw, spelling: spellingOf(text), nodes, problem };
}

interface Way {
  readonly comma: CommaReading;
  readonly asLatex: boolean;
}

const GROUPED = /\d,\d{3}(?!\d)/;
const DECIMAL_COMMA = /^[^,]*(?:\d,\d{1,2}|\b0,\d+|\d{4,},\d+|\d,\d{4,})(?!\d)[^,]*$/;
const LETTER_UNIT = /\d\s*[mghslntjvwkMGHSLNTJVWK](?![a-zA-Z(])/;

function waysToRead(text: string, latex: boolean): readonly Way[] {
  const ways: Way[] = [{ comma: "thousands", asLatex: latex }];
  if (/\d,\d/.test(text)) {
    if (GROUPED.test(text) && !/,0\d\d/.test(text)) ways.push({ comma: "separator", asLatex: latex });
    if (!latex && !/[([{]/.test(text) && DECIMAL_COMMA.test(text)) ways.push({ comma: "decimal", asLatex: latex });
  }
  if (!latex && LETTER_UNIT.test(text)) ways.push({ comma: "thousands", asLatex: true });
  return ways;
}

function spellingOf(text: string): string {
  return text
    .replace(/\\(?:left|right|displaystyle|,|;|:|!| )/g, "")
    .replace(/\\[dt]frac/g, "\\frac")
    .replace(/\s+/g, " ")
    .replace(/(?<!\w) | +(?!\w)/g, "");
}
