/**
 * SCRL's blocks: where in a response each subproblem is worked out, in characters and in tokens.
 * 2026, "From Reasoning Chains to Verifiable Subproblems: Curriculum Reinforcement Learning Enables Credit Assignment for
 * LLM Reasoning", arXiv:2605.22074.
 *
 *     <p1> ... </p1> ... <pK> ... </pK>, in order, each with a boxed answer; anything else is a bad format
 *
 * Seam: reward. How block boundaries fall on tokens is reconstruction: a token belongs to a block when all of its
 * characters lie strictly inside.
 */
import type { Tokenizer } from "../toolkit/policy/tokenizer.ts";
import { refuse } from "../toolkit/refuse.ts";
import { boxedAnswer } from "../toolkit/verify/answer.ts";

/** A block's text from `start` to `end`, exclusive, and the answer in it. */
export interface Block {
  readonly start: number;
  readonly end: number;
  readonly answer: string | undefined;
}

export interface ParsedBlocks {
  /** All K blocks are there, in order. */
  readonly valid: boolean;
  /** Empty where they are not. */
  readonly blocks: readonly Block[];
}

/** Finds the K blocks of a response. */
export type BlockParser = (text: string, count: number) => ParsedBlocks;

const NONE: ParsedBlocks = { valid: false, blocks: [] };

/**
 * Blocks between tags `<p1>` and `</p1>` to `<pK>` and `</pK>`, each once and in order; the answer is the last
 * `\boxed{...}` of a block.
 *
 * @throws UsageError for fewer than 2 blocks
 */
export const parseBlocks: BlockParser = (text, count) => {
  if (!Number.isInteger(count) || count < 2) refuse("parseBlocks", `there are ${count} blocks`, "pass 2 or more");
  const tags = text.match(/<\/?p\d+>/g) ?? [];
  const wanted = Array.from({ length: count }, (_, j) => [`<p${j + 1}>`, `</p${j + 1}>`]).flat();
  if (tags.join() !== wanted.join()) return NONE;
  const blocks = Array.from({ length: count }, (_, j): Block => {
    const start = text.indexOf(`<p${j + 1}>`) + `<p${j + 1}>`.length;
    const end = text.indexOf(`</p${j + 1}>`);
    return { start, end, answer: boxedAnswer(text.slice(start, end)) };
  });
  return { valid: true, blocks };
};

/** Blocks between separators, for tasks whose alphabet has no tags: `a;b;c` has three, each its own answer. */
export function separatedBlocks(separator: string): BlockParser {
  if (separator === "") refuse("separatedBlocks", "the separator is empty", "pass at least one character");
  return (text, count) => {
    const parts = text.split(separator);
    if (parts.length !== count) return NONE;
    let start = 0;
    const blocks = parts.map((part): Block => {
      const block = { start, end: start + part.length, answer: part };
      start += part.length + separator.length;
      return block;
    });
    return { valid: true, blocks };
  };
}

/**
 * Worked steps as the bundled tasks write them, `7+5=12;4+8+1=13;#132`: each ends in ";" and is of its block, its answer
 * is what follows its last "="; the last block is the answer behind "#".
 *
 * @throws UsageError for fewer than 2 blocks
 */
export const parseSteps: BlockParser = (text, count) => {
  if (!Number.isInteger(count) || count < 2) refuse("parseSteps", `there are ${count} blocks`, "pass 2 or more");
  const steps = text.match(/[^;]*;|[^;]+$/g) ?? [];
  const final = steps.findIndex((step) => step.startsWith("#"));
  if (steps.length !== count || final !== count - 1 || text.endsWith(";")) return NONE;
  let end = 0;
  const blocks = steps.map((step): Block => {
    const start = end;
    end += step.length;
    return { start, end, answer: /(?:^#|.*=)([^=;]+);?$/.exec(step)?.[1] };
  });
  return { valid: true, blocks };
};

/** Answers of the steps of a worked solution; undefined where it has no two steps. */
export function stepAnswers(solution: string): string[] | undefined {
  const count = solution.split(";").length;
  const { valid, blocks } = count < 2 ? NONE : parseSteps(solution, count);
  return valid ? blocks.map(({ answer = "" }) => answer) : undefined;
}

/**
 * Block of each token, from 1; 0 where a token is in none.
 *
 * @param ids of the completion
 * @throws UsageError for blocks that overlap or are out of order
 */
export function blockOfTokens(
  tokenizer: Pick<Tokenizer, "decode">,
  ids: ArrayLike<number>,
  blocks: readonly Block[],
): number[] {
  for (const [j, { start, end }] of blocks.entries()) {
    const before = blocks[j - 1]?.end ?? 0;
    if (start < before || end < start) refuse("scrl", `block ${j + 1} is [${start}, ${end})`, "pass blocks in order");
  }
  const all = Array.from(ids);
  let from = 0;
  return all.map((_, i) => {
    const to = tokenizer.decode(all.slice(0, i + 1)).length;
    const block = blocks.findIndex(({ start, end }) => to > from && from >= start && to <= end);
    from = to;
    return block + 1;
  });
}
