/** Scores of chains: answers by number, and rewards of whole responses. */
import { refuse } from "../../../refuse.ts";
import { boxesOf } from "../../../verify/math/boxed.ts";
import { mathVerifier } from "../../../verify/math/index.ts";

export interface ChainScore {
  /** For each gold answer: 1 right, 0 wrong, -1 where its number is missing or it could not be judged. */
  readonly labels: readonly (1 | 0 | -1)[];
  /** 1 where as many answers as problems are given. */
  readonly valid: 0 | 1;
  /** 1 where valid and all are right. */
  readonly accAll: 0 | 1;
  /** 1 where valid and the last is right. */
  readonly accLast: 0 | 1;
}

/** Whether an answer is the gold one; undefined where that cannot be said. */
export type SameAnswer = (predicted: string, gold: string) => boolean | undefined;

const verifier = mathVerifier();

function sameMath(predicted: string, gold: string): boolean | undefined {
  const { score } = verifier.verify({ answer: gold }, `\\boxed{${predicted}}`);
  return score === null ? undefined : score === 1;
}

/**
 * Judges the answers of a chain. An answer with "variable" or "undefined" in it is wrong.
 *
 * @param predicted answers by problem number, from 1
 * @param equal Default: the verifier of mathematics.
 */
export function scoreChain({
  gold,
  predicted,
  equal = sameMath,
}: {
  readonly gold: readonly string[];
  readonly predicted: ReadonlyMap<number, string>;
  readonly equal?: SameAnswer;
}): ChainScore {
  if (gold.length === 0) refuse("scoreChain", "there is no gold answer", "pass one of each problem");
  const labels = gold.map((answer, i) => {
    const given = predicted.get(i + 1);
    if (given === undefined) return -1;
    if (/variable|undefined/i.test(given)) return 0;
    const same = equal(given, answer);
    return same === undefined ? -1 : same ? 1 : 0;
  });
  const valid = predicted.size === gold.length ? 1 : 0;
  const right = labels.map((label) => valid === 1 && label === 1);
  return { labels, valid, accAll: right.every(Boolean) ? 1 : 0, accLast: right.at(-1) === true ? 1 : 0 };
}

/**
 * The answers of a response by problem number: the boxes behind "Problem k" in the last section "Final Answers", or the last n
 * boxes of the response, numbered in order.
 */
export function finalAnswers(text: string, n: number): Map<number, string> {
  if (!Number.isInteger(n) || n < 1) refuse("finalAnswers", `n is ${n}`, "pass the number of problems");
  const heading = [...text.matchAll(/#*\s*Final Answers/gi)].at(-1);
  const section = heading === undefined ? "" : text.slice(heading.index + heading[0].length);
  const boxes = boxesOf(section).length > 0 ? boxesOf(section) : boxesOf(text).slice(-n);
  const found = new Map<number, string>();
  let from = 0;
  for (const [i, { start, end, content }] of boxes.entries()) {
    const named = [...section.slice(from, start).matchAll(/Problem\s*(\d+)/gi)].at(-1)?.[1];
    found.set(named === undefined || boxesOf(section).length === 0 ? i + 1 : Number(named), content.trim());
    from = end;
  }
  return found;
}

export interface ChainRewardOptions {
  /** "last" rewards the last answer, "all" needs every one. Default "last": paper, the main runs. */
  readonly kind?: "last" | "all";
  /** Whether a response without a closed thinking block earns nothing; answers are read behind it. Default true: released code. */
  readonly closedThinking?: boolean;
  /** Default: the verifier of mathematics. */
  readonly equal?: SameAnswer;
}

/** The reward of a response to a chain, 0 or 1. */
export function chainReward(
  response: string,
  gold: readonly string[],
  { kind = "last", closedThinking = true, equal = sameMath }: ChainRewardOptions = {},
): 0 | 1 {
  if (kind !== "last" && kind !== "all") refuse("chainReward", `kind is ${String(kind)}`, 'pass "last" or "all"');
  const end = response.lastIndexOf("</think>");
  if (closedThinking && end < 0) return 0;
  const said = end < 0 ? response : response.slice(end + "</think>".length);
  const predicted = finalAnswers(said, Math.max(1, gold.length));
  const { labels, accAll } = scoreChain({ gold, predicted, equal });
  if (kind === "all") return accAll;
  return labels.at(-1) === 1 ? 1 : 0;
}
