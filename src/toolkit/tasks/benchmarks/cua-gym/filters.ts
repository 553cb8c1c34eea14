/** What is left of synthesised tasks: votes of a critic, near duplicates, flaky rewards, pass rates. */
import { refuse } from "../../../refuse.ts";

/** "modify" is short for "modify_query". */
export type Verdict = "keep" | "modify" | "modify_query" | "reject";
export type Fit = "good" | "borderline" | "poor";

/** One call of the critic. A call that failed is undefined, null, or has the verdict "failed". */
export interface Vote {
  readonly verdict: Verdict | "failed" | null;
  readonly fit?: Fit | null;
  /** The instruction as it should read. */
  readonly revised?: string | null;
}

export interface MajorityVerdict {
  readonly verdict: Verdict;
  /** More than half of the valid votes find that the task fits poorly. */
  readonly poor: boolean;
  /** The most common rewrite of those who would modify; only where they win and wrote one. */
  readonly revised: string | undefined;
}

const VERDICTS: readonly string[] = ["keep", "modify", "modify_query", "reject"];
const isModify = (verdict: string): boolean => verdict.startsWith("modify");

/** @throws UsageError for an unknown verdict or fit */
export function majorityFilter(votes: readonly (Vote | null | undefined)[]): MajorityVerdict {
  const valid = votes.flatMap((vote, i): readonly (Vote & { readonly verdict: Verdict })[] => {
    const verdict = vote?.verdict;
    if (vote === null || vote === undefined || verdict === null || verdict === undefined || verdict === "failed")
      return [];
    if (!VERDICTS.includes(verdict))
      refuse("majorityFilter", `vote ${i} is "${verdict}"`, `pass ${VERDICTS.join(", ")}`);
    const { fit } = vote;
    if (fit && !["good", "borderline", "poor"].includes(fit)) {
      refuse("majorityFilter", `the fit of vote ${i} is "${fit}"`, "pass good, borderline or poor");
    }
    return [{ ...vote, verdict }];
  });
  const share = (holds: (vote: Vote & { readonly verdict: Verdict }) => boolean): boolean =>
    valid.filter(holds).length > valid.length / 2;
  const modifying = valid.filter(({ verdict }) => isModify(verdict));
  const poor = share(({ fit }) => fit === "poor");
  if (share(({ verdict }) => verdict === "reject")) return { verdict: "reject", poor, revised: undefined };
  const [first] = modifying;
  if (first && share(({ verdict }) => isModify(verdict))) {
    const rewrites = modifying.map(({ revised }) => revised ?? "").filter((text) => text.trim() !== "");
    return { verdict: first.verdict, poor, revised: mostCommon(rewrites) };
  }
  return { verdict: "keep", poor, revised: undefined };
}

/** Of equals the one that came first. */
function mostCommon(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  let top: string | undefined;
  for (const [text, count] of counts) if (top === undefined || count > (counts.get(top) ?? 0)) top = text;
  return top;
}

/** Share of words that two texts have in common, of all that either has. 0 where one has none. */
export function jaccard(a: string, b: string): number {
  const [first, second] = [wordsOf(a), wordsOf(b)];
  if (first.size === 0 || second.size === 0) return 0;
  const common = [...first].filter((word) => second.has(word)).length;
  return common / (first.size + second.size - common);
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []);
}

export interface NearDuplicate {
  readonly a: number;
  readonly b: number;
  readonly overlap: number;
}

/** Pairs of instructions that overlap by the threshold or more, for a person to look at. */
export function nearDuplicates(instructions: readonly string[], threshold: number = 0.45): NearDuplicate[] {
  if (!(threshold > 0 && threshold <= 1))
    refuse("nearDuplicates", `the threshold is ${threshold}`, "pass above 0, to 1");
  return instructions.flatMap((text, a) =>
    instructions.slice(a + 1).flatMap((other, i) => {
      const overlap = jaccard(text, other);
      return overlap >= threshold ? [{ a, b: a + 1 + i, overlap }] : [];
    }),
  );
}

/** Tasks whose repeated replays score differently, by their place. @throws UsageError for a score outside 0 to 1 */
export function flaky(scores: readonly (readonly number[])[]): number[] {
  return scores.flatMap((replays, task) => {
    const wrong = replays.find((score) => !(score >= 0 && score <= 1));
    if (wrong !== undefined) refuse("flaky", `task ${task} has a score of ${wrong}`, "pass 0 to 1");
    return new Set(replays).size > 1 ? [task] : [];
  });
}

/** Places of tasks that are solved sometimes, from scores by attempt; undefined is a failure of the infrastructure, no evidence. */
export function keptByPassRate(scores: readonly (readonly (number | undefined)[])[]): number[] {
  return scores.flatMap((attempts, task) => {
    const known = attempts.filter((score) => score !== undefined);
    const solved = known.filter((score) => score === 1).length;
    return solved > 0 && solved < known.length ? [task] : [];
  });
}
