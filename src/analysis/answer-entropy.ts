/**
 * Answer entropy: how many different answers a policy still gives, apart from how many ways it has to write them.
 *
 * Completions that say the same are one outcome, as in semantic entropy (Kuhn et al. 2023, arXiv:2302.09664; Farquhar et al. 2024,
 * doi:10.1038/s41586-024-07421-0, "discrete semantic entropy"); with verifiable answers the clusters need no second model. By the
 * chain rule the entropy over whole completions is that over answers and that of the ways to one answer:
 *
 *     H(Y | x) = H(answer | x) + H(Y | answer, x)          sequence = answer + paths
 *     H(Y | x) = −E[log π(Y | x)]                          unbiased from the log-probs of samples
 *
 * Each side's samples are its own policy's, at the temperature of its log-probs; the prompts are the same on both sides.
 */
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Table, type Tabular, tabular } from "../toolkit/table.ts";
import { countEntropy, type EntropyEstimator, entropyEstimators } from "./entropy/discrete.ts";
import { groupEstimates } from "./entropy/groups.ts";
import { type BootstrapOptions, bootstrapRules } from "./statistics/bootstrap.ts";
import { type Estimate, mean } from "./statistics/estimate.ts";

export type { EntropyEstimator } from "./entropy/discrete.ts";

/** One problem's samples under one policy. */
export interface AnswerSamples {
  readonly id: string;
  /** What each sample says, in a form in which equal answers are equal texts; `undefined` where nothing could be read. */
  readonly answers: readonly (string | undefined)[];
  /** log π(completion | prompt) of each sample, nats. */
  readonly logProbs?: ArrayLike<number>;
}

export interface AnswerEntropyOptions extends BootstrapOptions {
  /**
   * Default "chao-shen". At 8 samples of five answers with 1.39 nats its mean is 0.015 too low, that of "miller-madow" 0.12 and that
   * of "plugin" 0.28: the error falls with the entropy itself, so that a plain estimate hides part of a fall.
   */
  readonly estimator?: EntropyEstimator;
  /** Samples without an answer: "one" outcome of their own (default: giving none is one way to behave), or "exclude"d and counted. */
  readonly unparsed?: "one" | "exclude";
}

/** Before and after, nats a completion. */
export interface EntropyPair {
  readonly before: number;
  readonly after: number;
}

export interface ProblemEntropy {
  readonly id: string;
  readonly samples: EntropyPair;
  readonly unparsed: EntropyPair;
  /** Different answers seen. */
  readonly distinct: EntropyPair;
  readonly answer: EntropyPair;
  /** Needs log-probs on both sides. */
  readonly sequence?: EntropyPair;
  /** sequence − answer; below 0 by chance only. */
  readonly paths?: EntropyPair;
}

/** Mean over problems. */
export interface EntropyLevel extends EntropyPair {
  /** after − before, by resampling problems. */
  readonly change: Estimate;
}

export interface AnswerEntropyChange {
  readonly confidence: number;
  readonly estimator: EntropyEstimator;
  readonly problems: readonly ProblemEntropy[];
  /** Problems that could not be compared, and why. */
  readonly excluded: readonly { readonly id: string; readonly reason: string }[];
  readonly answer: EntropyLevel;
  readonly sequence?: EntropyLevel;
  readonly paths?: EntropyLevel;
}

const WHERE = "answerEntropyChange";

/** @throws UsageError when no problem can be compared, an id stands twice, or log-probs are not one number from −∞ to 0 a sample */
export function answerEntropyChange(
  before: readonly AnswerSamples[],
  after: readonly AnswerSamples[],
  options: AnswerEntropyOptions = {},
): AnswerEntropyChange & Tabular {
  checkOptions(WHERE, options, {
    ...bootstrapRules,
    estimator: { kind: "either", values: entropyEstimators },
    unparsed: { kind: "either", values: ["one", "exclude"] },
  });
  const { estimator = "chao-shen", unparsed = "one", confidence = 0.95, resamples = 2000, seed = 0 } = options;
  const [left, right] = [byId("before", before), byId("after", after)];
  const excluded: { id: string; reason: string }[] = [];
  const problems = [...new Set([...left.keys(), ...right.keys()])].flatMap((id): ProblemEntropy[] => {
    const [one, other] = [left.get(id), right.get(id)];
    if (one === undefined || other === undefined) {
      excluded.push({ id, reason: `only ${one === undefined ? "after" : "before"}` });
      return [];
    }
    const [a, b] = [measure(one, estimator, unparsed), measure(other, estimator, unparsed)];
    if (a !== undefined && b !== undefined) return [pairOf(id, a, b)];
    excluded.push({ id, reason: `no answer ${a === undefined ? "before" : "after"}` });
    return [];
  });
  if (problems.length === 0) refuse(WHERE, "no problem has answers on both sides", "pass samples of the same problems");
  const level = (name: "answer" | "sequence" | "paths"): EntropyLevel | undefined =>
    levelOf(
      problems.map((problem) => problem[name]),
      { confidence, resamples, seed },
    );
  const [answer, sequence, paths] = [level("answer"), level("sequence"), level("paths")];
  if (answer === undefined) throw new Error("internal: no answer entropy");
  const rest = { ...(sequence !== undefined && { sequence }), ...(paths !== undefined && { paths }) };
  return tabular({ confidence, estimator, problems, excluded, answer, ...rest }, tables);
}

function byId(side: string, list: readonly AnswerSamples[]): Map<string, AnswerSamples> {
  const found = new Map<string, AnswerSamples>();
  for (const samples of list) {
    const { id, answers, logProbs } = samples;
    if (found.has(id)) refuse(WHERE, `"${id}" stands twice ${side}`, "pass each problem once a side");
    if (answers.length === 0) refuse(WHERE, `"${id}" has no samples ${side}`, "pass at least one");
    if (logProbs !== undefined && logProbs.length !== answers.length) {
      refuse(WHERE, `"${id}" has ${logProbs.length} log-probs for ${answers.length} samples`, "pass one a sample");
    }
    for (let i = 0; i < (logProbs?.length ?? 0); i++) {
      const value = logProbs?.[i] ?? Number.NaN;
      if (!(value <= 0 && value > -Infinity)) refuse(WHERE, `a log-prob of "${id}" is ${value}`, "pass nats up to 0");
    }
    found.set(id, samples);
  }
  return found;
}

interface Side {
  readonly samples: number;
  readonly unparsed: number;
  readonly distinct: number;
  readonly answer: number;
  readonly sequence: number | undefined;
}

function measure(
  { answers, logProbs }: AnswerSamples,
  estimator: EntropyEstimator,
  unparsed: "one" | "exclude",
): Side | undefined {
  const counts = new Map<string | undefined, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const none = counts.get(undefined) ?? 0;
  if (unparsed === "exclude") counts.delete(undefined);
  if (counts.size === 0) return undefined;
  // Samples left out of the answers are left out of the completions too: the two are compared.
  const kept = logProbs && Array.from(logProbs).filter((_, i) => unparsed === "one" || answers[i] !== undefined);
  return {
    samples: answers.length,
    unparsed: none,
    distinct: counts.size,
    answer: countEntropy([...counts.values()], estimator),
    sequence: kept && 0 - mean(kept),
  };
}

function pairOf(id: string, before: Side, after: Side): ProblemEntropy {
  const pair = (of: (side: Side) => number): EntropyPair => ({ before: of(before), after: of(after) });
  const known = before.sequence !== undefined && after.sequence !== undefined;
  const sequence = (side: Side): number => side.sequence ?? Number.NaN;
  return {
    id,
    samples: pair(({ samples }) => samples),
    unparsed: pair((side) => side.unparsed),
    distinct: pair(({ distinct }) => distinct),
    answer: pair(({ answer }) => answer),
    ...(known && { sequence: pair(sequence), paths: pair((side) => sequence(side) - side.answer) }),
  };
}

/** Nothing unless every problem has it: means over different problems are not compared. */
function levelOf(
  pairs: readonly (EntropyPair | undefined)[],
  options: Required<BootstrapOptions>,
): EntropyLevel | undefined {
  const known = pairs.filter((pair) => pair !== undefined);
  if (known.length < pairs.length) return undefined;
  const changes = Float64Array.from(known, ({ before, after }) => after - before);
  const everything = { name: "all", members: known.map((_, i) => i) };
  const change = groupEstimates([everything], [changes], everything.members, options)[0]?.[0];
  if (change === undefined) throw new Error("internal: no change of entropy");
  return { before: mean(known.map(({ before }) => before)), after: mean(known.map(({ after }) => after)), change };
}

function tables({ problems, answer, sequence, paths }: AnswerEntropyChange): Table[] {
  const levels = Object.entries({ answer, sequence, paths }).flatMap(([name, level]) =>
    level ? [{ name, ...level }] : [],
  );
  const of = (name: "answer" | "sequence" | "paths", side: keyof EntropyPair) =>
    problems.map((problem) => problem[name]?.[side]);
  return [
    {
      title: "entropy by level",
      columns: {
        level: levels.map(({ name }) => name),
        before: levels.map(({ before }) => before),
        after: levels.map(({ after }) => after),
        change: levels.map(({ change }) => change.value),
        "change low": levels.map(({ change }) => change.low),
        "change high": levels.map(({ change }) => change.high),
      },
    },
    {
      title: "entropy by problem",
      columns: {
        problem: problems.map(({ id }) => id),
        "answers before": problems.map(({ distinct }) => distinct.before),
        "answers after": problems.map(({ distinct }) => distinct.after),
        "unparsed before": problems.map(({ unparsed }) => unparsed.before),
        "unparsed after": problems.map(({ unparsed }) => unparsed.after),
        "answer before": of("answer", "before"),
        "answer after": of("answer", "after"),
        "sequence before": of("sequence", "before"),
        "sequence after": of("sequence", "after"),
      },
    },
  ];
}
