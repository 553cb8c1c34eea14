/** A tabular problem as text, as token ids, and as a task for the seams. */
import type { Tokenizer } from "../policy/tokenizer.ts";
import { refuse } from "../refuse.ts";
import { rng } from "../rng.ts";
import type { Problem, ProblemsOptions, Task } from "../tasks/task.ts";
import type { Verdict } from "../verify/verifier.ts";
import type { TabularLayout } from "./problem.ts";

/** What a prompt says: the context, and the text around it. */
export interface Prompt {
  readonly context: number;
  readonly note: string;
}

/** A context's prompt, in text. */
function promptOf(context: number): string {
  return `#${context}`;
}

/** Reads a prompt. @throws UsageError for a text without a context of the problem, or with a note where none is known */
export function readPrompt({ problem }: TabularLayout, text: string): Prompt {
  const [found, digits] = /#(\d+)/.exec(text) ?? [];
  const context = Number(digits ?? Number.NaN);
  if (found === undefined || !(context < problem.contexts)) {
    return refuse("tabular", `the prompt is ${JSON.stringify(text)}`, `pass "#0" to "#${problem.contexts - 1}"`);
  }
  const note = text.replace(found, "");
  if (note !== "" && problem.noted === undefined) {
    refuse("tabular", `the prompt is ${JSON.stringify(text)}`, "give the problem `noted`, which says what a note does");
  }
  return { context, note };
}

/** Ids past the symbols, which are 0 to `symbols` - 1. */
export interface TokenIds {
  readonly pad: number;
  readonly bos: number;
  /** An answer's tokens beyond its symbols. */
  readonly filler: number;
  /** BOS, the context, and an id for each character of the note. */
  prompt(prompt: Prompt): number[];
  /** The prompt that a row begins with, and its length in tokens; undefined where there is none. */
  read(row: Int32Array): (Prompt & { readonly length: number }) | undefined;
}

export function tokenIds({ symbols, problem: { contexts } }: TabularLayout): TokenIds {
  const [pad, bos, filler, firstContext] = [symbols, symbols + 1, symbols + 2, symbols + 3];
  const firstNote = firstContext + contexts;
  return {
    pad,
    bos,
    filler,
    prompt: ({ context, note }) => {
      const characters = Array.from({ length: note.length }, (_, i) => firstNote + note.charCodeAt(i));
      return [bos, firstContext + context, ...characters];
    },
    read(row) {
      const context = (row[1] ?? -1) - firstContext;
      if (context < 0 || context >= contexts) return undefined;
      let length = 2;
      while (length < row.length && (row[length] ?? 0) >= firstNote) length++;
      const note = Array.from(row.subarray(2, length), (id) => String.fromCharCode(id - firstNote)).join("");
      return { context, note, length };
    },
  };
}

/** An answer as text, one character a symbol (a, b, c ... and whatever follows z), and back. */
export const answerText = {
  encode: (symbols: ArrayLike<number>): string => String.fromCodePoint(...Array.from(symbols, (s) => FIRST + s)),
  decode: (text: string): number[] => Array.from(text, (character) => (character.codePointAt(0) ?? 0) - FIRST),
};
const FIRST = 0x61;

export function tabularTokenizer(layout: TabularLayout): Tokenizer {
  const ids = tokenIds(layout);
  return {
    alphabet: alphabetOf(layout),
    vocabSize: layout.symbols,
    padId: ids.pad,
    bosId: ids.bos,
    eosId: layout.problem.end ?? ids.pad,
    encode: (text) => answerText.decode(text),
    encodePrompt: (text) => ids.prompt(readPrompt(layout, text)),
    decode: (row) => answerText.encode(Array.from(row).filter((id) => id < layout.symbols)),
  };
}

function alphabetOf({ symbols }: TabularLayout): string {
  return answerText.encode(Array.from({ length: symbols }, (_, s) => s));
}

/**
 * The contexts are the problems, of both splits and one level.
 *
 * @param observed what the verifier says of an answer. Default: its reward
 */
export function tabularTask(
  layout: TabularLayout,
  observed: (context: number, answer: readonly number[]) => number = layout.problem.reward,
): Task {
  const { problem, maxTokens } = layout;
  const all = Array.from({ length: problem.contexts }, (_, context) => problemOf(context));
  return {
    name: "tabular",
    settings: {},
    alphabet: alphabetOf(layout),
    levels: [1],
    maxPromptTokens: 2,
    maxCompletionTokens: maxTokens,
    problems: (options) => drawn(all, options),
    available: () => all.length,
    demonstration: () => refuse("tabular", "a demonstration is asked for", "set the initial logits instead"),
    verify: (asked, completion) =>
      verdict(observed(readPrompt(layout, asked.id).context, answerText.decode(completion))),
  };
}

/** A context as a problem. */
export function problemOf(context: number): Problem {
  return { id: promptOf(context), prompt: promptOf(context), answer: "", level: 1, data: { context } };
}

function drawn(all: readonly Problem[], { count, seed, offset = 0 }: ProblemsOptions): Problem[] {
  if (offset + count > all.length) {
    refuse("tabular", `${count} problems from ${offset} are asked for`, `there are ${all.length} contexts`);
  }
  if (count === all.length) return [...all];
  return rng({ seed, stream: "contexts" })
    .shuffle(all)
    .slice(offset, offset + count);
}

function verdict(score: number): Verdict {
  const verifier = { name: "tabular", version: "1" };
  const status = score >= 1 ? "correct" : score > 0 ? "partial" : "wrong";
  return { score, status, reason: "looked up", ms: 0, verifier };
}
