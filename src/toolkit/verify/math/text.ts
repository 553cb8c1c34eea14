/** Answers that are words or letters: "Evelyn", "(C)", "yes", "no solution". */
import type { Node } from "./node.ts";

const WRAPPERS =
  /\\(?:text|textbf|textit|textrm|textnormal|mathrm|mathbf|mathit|mbox|operatorname|emph|boxed|left|right|displaystyle)\b/g;
/** Words of each meaning, separated by commas. */
const WORDS: Readonly<Record<string, string>> = {
  true: "yes,correct,right,t",
  false: "no,incorrect,f",
  undefined: "dne,does not exist,nonexistent,not defined",
  empty: "none,nothing,no solution,no solutions,no real solution,no real solutions,empty set",
  "infinitely many": "infinitely many solutions,infinite solutions,an infinite number",
};

const MEANINGS: ReadonlyMap<string, string> = new Map(
  Object.entries(WORDS).flatMap(([meaning, words]) =>
    words.split(",").map((word): [string, string] => [word, meaning]),
  ),
);

/** The words of a text alone: lower case, without markup, punctuation and articles. */
function wordsOf(text: string): string {
  const plain = text
    .replace(WRAPPERS, " ")
    .replace(/\\[a-zA-Z]+|[\\${}^_]/g, " ")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}+\-/]+/gu, " ")
    .replace(/^(?:the|a|an) (?=\S)/, "")
    .trim();
  return plain;
}

/** Whether two texts say the same. */
export function sameWords(gold: string, given: string): boolean {
  const [a, b] = [wordsOf(gold), wordsOf(given)];
  if (a === "" || b === "") return false;
  if (a === b) return true;
  if (meaningOf(a) === meaningOf(b)) return a.length > 1 || b.length > 1;
  return a.replace(/ /g, "") === b.replace(/ /g, "");
}

function meaningOf(words: string): string {
  return MEANINGS.get(words) ?? words;
}

/** What a node spells where it is a text, a letter or letters side by side; undefined elsewhere. */
export function lettersOf(node: Node): string | undefined {
  switch (node.kind) {
    case "text":
      return node.text;
    case "symbol":
      return node.name.replace(/^\\/, "");
    case "constant":
      return node.name === "e" || node.name === "i" ? node.name : node.name === "empty" ? "empty set" : undefined;
    case "product": {
      const letters = node.factors.map((factor) =>
        factor.kind === "symbol" || factor.kind === "constant" ? lettersOf(factor) : undefined,
      );
      return letters.every((letter) => letter !== undefined) ? letters.join("") : undefined;
    }
    default:
      return undefined;
  }
}

export interface Choice {
  /** As written, A to J of either case. */
  readonly label: string;
  /** What stands behind it; empty for the letter alone. */
  readonly rest: string;
}

const LABELS = [
  /^(?:option|choice|answer|part)?\s*\(?\s*([A-Ja-j])\s*\)?[.:]?$/i,
  /^\(\s*([A-Ja-j])\s*\)[.:]?\s+(\S[\s\S]*)$/,
  /^([A-J])\s*[.):]\s*(\S[\s\S]*)$/,
  /^(?:option|choice)\s+\(?([A-J])\)?[.):,\s]\s*(\S[\s\S]*)$/i,
];

/** The letter of a choice, with what stands behind it. */
export function choiceOf(raw: string): Choice | undefined {
  if (raw.length > 400) return undefined;
  const plain = raw
    .replace(/\\(?:text|textbf|textrm|mathrm|mathbf|mbox|textit)\s*\{([^{}]*)\}/g, "$1")
    .replace(/\\[ ,;:!]|~|\\quad|\\qquad|[$*]/g, " ");
  const text = plain
    .replace(/^\s*\{([^{}]*)\}/, "$1")
    .trim()
    .replace(/^\\left\s*\(/, "(")
    .replace(/\\right\s*\)/, ")");
  for (const pattern of LABELS) {
    const match = pattern.exec(text);
    if (match !== null) return { label: match[1] ?? "", rest: (match[2] ?? "").trim() };
  }
  return undefined;
}
