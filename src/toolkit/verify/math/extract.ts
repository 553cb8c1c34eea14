/**
 * The final answer of a completion.
 *
 * The last box or final-answer phrase counts, whichever stands later. Without either a short text is the answer itself; else the
 * last mathematics of it, and where there is none its last number. Boxes that a sentence joins ("\boxed{1} and \boxed{2}") are
 * one answer of several values.
 */
import { type Box, boxesOf } from "./boxed.ts";
import { lastNumber } from "./last-number.ts";
import { isWord } from "./lexer.ts";
import { mathSpans, type Span } from "./math-spans.ts";
import { finalPhrases, lastStatement } from "./phrases.ts";
import { LONGEST_ANSWER } from "./reading.ts";
import { choiceOf } from "./text.ts";
import { PLAIN_COMMANDS } from "./vocabulary.ts";

export type ExtractionOrder = "last" | "first" | "all";

export interface Candidate {
  readonly text: string;
  readonly latex: boolean;
  readonly from: "box" | "phrase" | "whole" | "math" | "number";
}

/** Only this much of a completion's end is searched: the last answer counts. */
const TAIL = 200_000;

/** Candidates, the best first; each next one is for the case that those before cannot be read. */
export function candidatesOf(completion: string, order: ExtractionOrder): readonly Candidate[] {
  const text =
    completion.length > TAIL
      ? completion.slice(order === "first" ? 0 : -TAIL, order === "first" ? TAIL : undefined)
      : completion;
  const marked = [...boxGroups(text, order), ...phraseCandidates(text)];
  if (order === "first") marked.sort((a, b) => a.at - b.at);
  else marked.sort((a, b) => b.at - a.at);
  const plain = plainCandidates(text, order);
  if (marked.length === 0) return plain;
  // A phrase that cannot be read ("the answer is as follows") hides neither the box before it nor the rest of the text.
  const boxed = marked.some(({ candidate }) => candidate.from === "box");
  return [...marked.map(({ candidate }) => candidate), ...(boxed ? [] : plain)];
}

interface Marked {
  readonly at: number;
  readonly candidate: Candidate;
}

/** Boxes, those joined in one sentence together. */
function boxGroups(text: string, order: ExtractionOrder): Marked[] {
  const groups: Box[][] = [];
  for (const box of boxesOf(text)) {
    const last = groups.at(-1)?.at(-1);
    const joined = last !== undefined && (order === "all" || joins(text.slice(last.end, box.start)));
    if (joined) groups.at(-1)?.push(box);
    else groups.push([box]);
  }
  return groups.flatMap((boxes) => {
    const [first] = boxes;
    const last = boxes.at(-1);
    if (first === undefined || last === undefined) return [];
    const either = boxes.some((box, i) => i > 0 && /\bor\b/i.test(text.slice(boxes[i - 1]?.end, box.start)));
    const content = boxes.map((box) => box.content).join(either ? " \\text{ or } " : " , ");
    return [
      {
        at: last.end,
        candidate: { text: boxes.length === 1 ? content + unitBehind(text, last) : content, latex: true, from: "box" },
      },
    ];
  });
}

const CONNECTIVE = /\b(?:and|or|und|ou)\b/i;

/** Whether what stands between two boxes joins them: signs alone, or a few words with "and" or "or" in one sentence. */
function joins(between: string): boolean {
  const plain = between.replace(/\\(?:text|quad|qquad|,|;|!|\(|\)|\[|\]|left|right)|[${}()[\]\\&~\s]/g, " ");
  if (/[.!?\n]\s|\n\s*\n/.test(between.replace(/\\\\/g, "")) && !/^[\s.,;]*$/.test(plain)) return false;
  if (!/[\p{L}\d]/u.test(plain)) return between.length <= 40 && !/[.!?]/.test(plain);
  return (
    plain.trim().length <= 60 && CONNECTIVE.test(plain) && !/\b(?:wait|no|not|instead|actually|hmm|but)\b/i.test(plain)
  );
}

/** "\boxed{20}$ percent", "\boxed{5} cm": the unit of a box stands behind it. */
function unitBehind(text: string, box: Box): string {
  const behind =
    /^[\s$]*(\\?%|percent\b|per cent\b|pct\b|(?:square |cubic )?(?:cm|mm|km|meters?|metres?|feet|inches|miles|hours?|minutes?|seconds?|dollars?|cents|degrees)\b)/.exec(
      text.slice(box.end, box.end + 40),
    );
  return behind === null || /[a-zA-Z%]\s*\}?$/.test(box.content.replace(/\\[a-z]+/g, "")) ? "" : ` ${behind[1]}`;
}

function phraseCandidates(text: string): Marked[] {
  return finalPhrases(text).flatMap(({ at, text: rest }) =>
    sentenceCandidates(rest).map((candidate, i): Marked => ({ at: at - i * 1e-6, candidate })),
  );
}

/** What a sentence behind a phrase says: itself, or its last mathematics or number. */
function sentenceCandidates(sentence: string): readonly Candidate[] {
  const whole: Candidate = { text: sentence, latex: sentence.includes("$") || sentence.includes("\\"), from: "phrase" };
  const spans = mathSpans(sentence);
  const math = joinedSpans(sentence, spans);
  const number = lastNumber(sentence, spans);
  const behind = number !== undefined && number.at > (spans.at(-1)?.end ?? -1);
  const inner: Candidate[] = [];
  if (number !== undefined && behind) inner.push({ text: number.text, latex: false, from: "phrase" });
  if (math !== undefined) inner.push({ text: math, latex: true, from: "phrase" });
  if (number !== undefined && !behind) inner.push({ text: number.text, latex: false, from: "phrase" });
  const head = sentence.split(REASON)[0]?.trim() ?? "";
  const cut: Candidate[] = head === "" || head === sentence ? [] : [{ ...whole, text: head }];
  return [whole, ...cut, ...inner];
}

/** Where a sentence stops naming the answer: "5 because …", "5, not 6". */
const REASON = /,?\s+(?:because|since|as|which|where|when|so|not|but|after|before|for|if|given|units?)\b|\s[;—–(]\s?/;

/** The last mathematics with what "and", "or" or a comma joins to it. */
function joinedSpans(text: string, spans: readonly Span[]): string | undefined {
  const last = spans.at(-1);
  if (last === undefined) return undefined;
  let start = spans.length - 1;
  for (let i = spans.length - 1; i > 0; i--) {
    const [before, after] = [spans[i - 1], spans[i]];
    if (
      before === undefined ||
      after === undefined ||
      !/^\s*(?:,|;|,?\s*and|,?\s*or)\s*$/i.test(text.slice(before.end, after.start))
    )
      break;
    start = i - 1;
  }
  return (
    spans
      .slice(start)
      .map(({ content }) => content)
      .join(" , ") + percentBehind(text, last)
  );
}

function percentBehind(text: string, span: Span): string {
  const behind = /^\s*(\\?%|percent\b|per cent\b|pct\b)/.exec(text.slice(span.end, span.end + 12));
  return behind === null || /%\s*$/.test(span.content) ? "" : ` ${behind[1]}`;
}

function plainCandidates(text: string, order: ExtractionOrder): readonly Candidate[] {
  const out: Candidate[] = [];
  const spans = mathSpans(text);
  const trimmed = text.trim();
  const { prose, words } = looksOf(trimmed);
  const choice = choiceOf(trimmed) !== undefined; // "D. None of the above"
  if (trimmed.length <= LONGEST_ANSWER && (choice || !prose)) {
    out.push({ text: trimmed, latex: spans.length > 0, from: "whole" });
    if (words === 0) return out; // mathematics alone is read as a whole or not at all
  }
  const math = order === "first" ? spans[0]?.content : joinedSpans(text, spans);
  const number = lastNumber(text, spans);
  const behind = number !== undefined && isNextSentence(text, spans.at(-1), number.at);
  const statement = order === "first" ? undefined : lastStatement(text);
  const says = statement !== undefined && statement.at > (spans.at(-1)?.end ?? -1);
  if (says && (number === undefined || number.at <= statement.at + statement.text.length)) {
    out.push(...sentenceCandidates(statement.text));
  }
  if (number !== undefined && behind) out.push({ text: number.text, latex: false, from: "number" });
  if (math !== undefined) out.push({ text: math, latex: true, from: "math" });
  if (number !== undefined && !behind) out.push({ text: number.text, latex: false, from: "number" });
  return out;
}

/** Whether a place lies behind a span, and in another sentence. */
function isNextSentence(text: string, span: Span | undefined, at: number): boolean {
  if (span === undefined) return true;
  return at > span.end && (/[.\n]/.test(text.slice(span.end, at)) || /\.\s*$/.test(span.content));
}

/** Whether words, not mathematics, make most of a text, and how many there are. */
function looksOf(text: string): { readonly prose: boolean; readonly words: number } {
  const plain = text
    .replace(/\\(?:text|textbf|mbox|mathrm|textrm)\s*\{[^{}]*\}/g, " ")
    .replace(/\\(?:begin|end)\s*\{[^{}]*\}(?:\{[^{}]*\})?|\\[a-zA-Z]+|\$[^$]*\$/g, " ");
  const words = (plain.match(/\p{L}{2,}/gu) ?? []).filter((run) => isWord(run) && !PLAIN_COMMANDS.has(run));
  const verb = /\b(?:is|are|answer|therefore|thus|so|hence|we|get|have|the)\b/i.test(plain);
  // "5 metres per second" begins with its number.
  const isSentence = verb || words.length >= (/^[-+(\\]?[\d.$€£]/.test(text) ? 7 : 3);
  // A delimiter broken over lines is no mathematics, and "Answer : 5" begins with a word.
  const broken = /(?<![\\$])\$\s*\n|\\\(\s*\n|^\p{L}{4,}\s*:/u.test(text);
  return { prose: broken || (isSentence && /[\d$\\=]/.test(text)) || (verb && words.length >= 3), words: words.length };
}
