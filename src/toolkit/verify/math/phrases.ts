/** Phrases that announce a final answer: "The final answer is", "Answer:", "####", "<answer>". */

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
