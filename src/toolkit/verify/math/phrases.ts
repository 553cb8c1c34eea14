/** Phrases that announce a final answer: "The final answer is", "Answer:", "####", "<answer>". */
import { numberOfWords } from "./words.ts";

export interface Phrase {
  /** Where what it announces begins. */
  readonly at: number;
  /** The rest of the sentence. */
  readonly text: string;
}

const MARKERS = [
  /(?:final|correct|right|best)\s+answers?\s*(?:is|are|=|:|would be|should be)\s*(?:therefore|thus|simply|exactly)?\s*[:=]?\s*/gi,
  /\banswers?\s*(?:\*\*)?\s*(?:is|are|=|:|would be|should be)\s*(?:\*\*)?\s*[:=]?\s*/gi,
  /\b(?:final|correct) (?:result|value|choice|option)\s*(?:is|=|:)\s*/gi,
  /####\s*/g,
  /<answer>\s*/gi,
  /(?:答案|最终答案)\s*(?:是|为|:|：)\s*/g,
];
/** Phrases of one kind looked at, from the last. */
const MOST = 6;
const LONGEST = 4000;

/** The phrases of a text, in no order. */
export function finalPhrases(text: string): readonly Phrase[] {
  return MARKERS.flatMap((marker) =>
    [...text.matchAll(marker)].slice(-MOST).map((match) => phraseAt(text, match.index + match[0].length)),
  ).filter(
    ({ text: rest }) =>
      rest !== "" && !/^(?:correct|right|wrong|incorrect|not|based|given|in the form|as follows)\b/i.test(rest),
  );
}

const STATEMENT = /\b(?:is|are|equals|be)\s+(?:about|approximately|exactly|equal to|only|simply|therefore)?\s*/gi;
/** Characters before a text's end in which its last statement begins. */
const REACH = 600;

/** What the last "is", "are" or "equals" of a text says of its subject, where that may be an answer. */
export function lastStatement(text: string): Phrase | undefined {
  const start = Math.max(0, text.length - REACH);
  const phrases = [...text.slice(start).matchAll(STATEMENT)].map((match) =>
    phraseAt(text, start + match.index + match[0].length),
  );
  return phrases.reverse().find(({ text: rest }) => SAYS.test(rest) || startsWithNumber(rest));
}

/** Digits and mathematics, or one of the few words that are an answer. */
const SAYS = /[\d\\√∞π∅{[(]|^(?:infinitely|no|none|all|true|false)\b/i;

function startsWithNumber(text: string): boolean {
  const words = text.split(/\s+/).slice(0, 4);
  return words.some(
    (_, i) =>
      numberOfWords(
        words
          .slice(0, i + 1)
          .join(" ")
          .replace(/[.,]$/, ""),
      ) !== undefined,
  );
}

function phraseAt(text: string, at: number): Phrase {
  return { at, text: sentenceOf(text.slice(at, at + LONGEST)) };
}

/** Up to the end of the sentence: a full stop outside of mathematics that a blank follows, or a line's end. */
function sentenceOf(rest: string): string {
  const text = rest.replace(/^\s+/, "");
  const display = /^(?:\$\$|\\\[|\\boxed|\\begin)/.exec(text) !== null;
  let inside = "";
  for (let i = 0; i < text.length; i++) {
    const sign = text[i] ?? "";
    const two = text.slice(i, i + 2);
    if (inside === "") {
      if (two === "\\(" || two === "\\[") inside = two === "\\(" ? "\\)" : "\\]";
      else if (two === "$$") inside = "$$";
      else if (sign === "$" && text[i - 1] !== "\\" && text.indexOf("$", i + 1) > 0) inside = "$";
      else if (ends(text, i, display)) return text.slice(0, i).trim();
      if (inside.length === 2) i++;
    } else if (text.startsWith(inside, i) && text[i - 1] !== "\\") {
      i += inside.length - 1;
      inside = "";
    }
  }
  return text.trim();
}

function ends(text: string, i: number, display: boolean): boolean {
  const sign = text[i];
  if (sign === "\n") return !display || text[i + 1] === "\n";
  if (sign === "<") return /^<(?:\/?answer|\||\/?think|eot|end)/i.test(text.slice(i, i + 8));
  if (sign !== "." && sign !== "!" && sign !== "?") return false;
  const next = text[i + 1] ?? " ";
  if (sign === "!" && /[\d)}a-z]/.test(text[i - 1] ?? "")) return false; // a factorial
  return /\s|"|\*|<|$/.test(next) && !(/\d/.test(text[i - 1] ?? "") && /\d/.test(next));
}
