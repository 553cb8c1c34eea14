/**
 * Gaussian curriculum of FG-ExPO: questions are drawn by how near their smoothed pass rate is to one half.
 * 2026, "Frontier-Guided Exploration-Prioritized Policy Optimization via Adaptive KL and Gaussian Curriculum",
 * arXiv:2605.11403, eq. 6 and 7.
 *
 *     p[q] <- alpha p[q] + (1 - alpha) pass rate of q, where q was drawn;   p[q] = 0.5 at first
 *     w[q] = exp(-(p[q] - mu)^2 / (2 sigma^2)),   P(q drawn next) = w[q] / sum w
 *
 * Seam: curriculum. With sigma 0.35 the extremes keep 36 % of the peak's weight: no question is ever dropped. Drawing
 * without replacement within a step, by keys log w + Gumbel noise, is reconstruction; `replacement` draws with it.
 */
import type { Choice } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import type { CurriculumInput, PromptBatch } from "../toolkit/curriculum.ts";
import { checkOptions, optionsObject } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type Rng, rng } from "../toolkit/rng.ts";
import { stateful } from "../toolkit/seam.ts";
import type { Problem } from "../toolkit/tasks/task.ts";

export interface GaussianOptions {
  /** Width of the window of pass rates. Default 0.35: section 4.1. */
  readonly sigma?: number;
  /** Its middle. Default 0.5: eq. 7. */
  readonly mu?: number;
  /** Share of the old value kept at an update. Default 0.9: section 4.1. */
  readonly alpha?: number;
  /** Pass rate of a question that was never drawn. Default 0.5: eq. 6. */
  readonly init?: number;
}

/** Smoothed pass rate of each question, by id, in the order of the pool. */
export type PassRates = ReadonlyMap<string, number>;

/** Every question at its first value. @throws UsageError for no questions, or two with one id */
export function initialRates(ids: readonly string[], options: GaussianOptions = {}): PassRates {
  const { init } = settle(options);
  const rates = new Map(ids.map((id) => [id, init]));
  if (ids.length === 0) refuse("gaussianCurriculum", "there are no questions", "pass at least one");
  if (rates.size < ids.length) refuse("gaussianCurriculum", "two questions have one id", "pass each question once");
  return rates;
}

/** Eq. 6 for one question. @throws UsageError for an unknown id, or a pass rate outside [0, 1] */
export function updateRate(rates: PassRates, id: string, passRate: number, options: GaussianOptions = {}): PassRates {
  const { alpha } = settle(options);
  const before = rates.get(id) ?? refuse("gaussianCurriculum", `there is no question ${id}`, "pass one of the pool");
  if (typeof passRate !== "number" || !(passRate >= 0 && passRate <= 1)) {
    refuse("gaussianCurriculum", `${id} has pass rate ${passRate}`, "pass a share from 0 to 1");
  }
  return new Map(rates).set(id, alpha * before + (1 - alpha) * passRate);
}

/** Eq. 7: weight and probability of each question, in the order of the pool. */
export function drawProbabilities(
  rates: PassRates,
  options: GaussianOptions = {},
): { readonly weights: Float64Array; readonly probabilities: Float64Array } {
  const { sigma, mu } = settle(options);
  const weights = Float64Array.from(rates.values(), (p) => Math.exp(-((p - mu) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!(sum > 0)) refuse("gaussianCurriculum", "no question has any weight", "pass a larger sigma");
  return { weights, probabilities: weights.map((weight) => weight / sum) };
}

/**
 * Draws questions. Without replacement: the `count` largest of log w + Gumbel noise, which is drawing one after the
 * other in proportion to the weights that are left.
 *
 * @throws UsageError when more are asked for than there are
 */
export function drawQuestions(
  rates: PassRates,
  count: number,
  random: Rng,
  options: GaussianOptions & { readonly replacement?: boolean } = {},
): string[] {
  const { replacement = false, ...gaussian } = options;
  const ids = [...rates.keys()];
  const { probabilities } = drawProbabilities(rates, gaussian);
  if (!Number.isInteger(count) || count < 1) refuse("gaussianCurriculum", `count is ${count}`, "draw at least one");
  if (replacement) return Array.from({ length: count }, () => ids[pickBy(probabilities, random.uniform())] ?? "");
  if (count > ids.length) {
    refuse("gaussianCurriculum", `${count} questions of ${ids.length}`, "pass a larger pool, or replacement: true");
  }
  const keys = [...probabilities].map((p, i) => ({ i, key: Math.log(p) - Math.log(-Math.log(1 - random.uniform())) }));
  return keys
    .sort((a, b) => b.key - a.key || a.i - b.i)
    .slice(0, count)
    .map(({ i }) => ids[i] ?? "");
}

function pickBy(probabilities: Float64Array, drawn: number): number {
  let left = drawn;
  for (const [i, p] of probabilities.entries()) {
    left -= p;
    if (left < 0) return i;
  }
  return probabilities.length - 1; // rounding of the sum
}

function settle(options: GaussianOptions): Required<GaussianOptions> {
  checkOptions("gaussianCurriculum", options, {
    sigma: { kind: "number", above: 0 },
    mu: { kind: "number", min: 0, max: 1 },
    alpha: { kind: "number", min: 0 },
    init: { kind: "number", min: 0, max: 1 },
  });
  const { sigma = 0.35, mu = 0.5, alpha = 0.9, init = 0.5 } = options;
  if (alpha >= 1) refuse("gaussianCurriculum", `alpha is ${alpha}`, "pass a share from 0 to below 1");
  return { sigma, mu, alpha, init };
}

export interface GaussianCurriculumOptions extends GaussianOptions {
  /** The pool. Default: the first `pool` problems of the task's train split. */
  readonly questions?: readonly Problem[];
  /** Size of the pool where `questions` are not given. Default 256 (our choice: a step of 32 sees each in 8 steps). */
  readonly pool?: number;
  /** Draw with replacement within a step. Default false (reconstruction). */
  readonly replacement?: boolean;
}

/** The curriculum: `compose(fgExpo(), gaussianCurriculum())`. Works beneath any other method's advantage as well. */
export function gaussianCurriculum(options: GaussianCurriculumOptions = {}): AlgorithmChange {
  const { questions, pool = 256, replacement = false, ...gaussian } = optionsObject("gaussianCurriculum", options);
  checkOptions(
    "gaussianCurriculum",
    { questions, pool, replacement },
    {
      questions: { kind: "array" },
      pool: { kind: "integer", min: 1 },
      replacement: { kind: "boolean" },
    },
  );
  const settings = settle(gaussian);
  const source = (name: keyof GaussianCurriculumOptions, otherwise: string): string =>
    options[name] === undefined ? otherwise : "given";
  const choices: Choice[] = [
    {
      seam: "curriculum",
      name: "sigma",
      value: settings.sigma,
      source: source("sigma", "arXiv:2605.11403, section 4.1"),
    },
    { seam: "curriculum", name: "mu", value: settings.mu, source: source("mu", "arXiv:2605.11403, eq. 7") },
    {
      seam: "curriculum",
      name: "alpha",
      value: settings.alpha,
      source: source("alpha", "arXiv:2605.11403, section 4.1"),
    },
    { seam: "curriculum", name: "init", value: settings.init, source: source("init", "arXiv:2605.11403, eq. 6") },
    { seam: "curriculum", name: "replacement", value: replacement, source: source("replacement", "reconstruction") },
  ];
  return {
    name: "gaussian-curriculum",
    replaces: { curriculum: seam({ questions, pool, replacement, ...settings }) },
    choices,
  };
}

type SeamSettings = Required<GaussianOptions> & {
  readonly questions: readonly Problem[] | undefined;
  readonly pool: number;
  readonly replacement: boolean;
};

function seam({ questions, pool, replacement, ...gaussian }: SeamSettings) {
  return stateful<PassRates | undefined, CurriculumInput, PromptBatch>({
    init: () => undefined,
    next(before, input) {
      const { task, level, seed, step, promptsPerStep, samplesPerPrompt } = input;
      const all =
        questions ?? task.problems({ split: "train", count: pool, seed, ...(level === undefined ? {} : { level }) });
      const known =
        before ??
        initialRates(
          all.map(({ id }) => id),
          gaussian,
        );
      const rates = afterStep(known, input, gaussian);
      const random = rng({ seed, stream: "gaussian-curriculum", step });
      const drawn = drawQuestions(rates, promptsPerStep, random, { ...gaussian, replacement });
      const byId = new Map(all.map((problem) => [problem.id, problem]));
      const problems = drawn.map(
        (id) => byId.get(id) ?? refuse("gaussianCurriculum", `${id} is not in the pool`, "resume with the same pool"),
      );
      const mean = drawn.reduce((sum, id) => sum + (rates.get(id) ?? 0), 0) / drawn.length;
      return [{ problems, samplesPerPrompt, metrics: { "curriculum/mean_pass_rate": mean } }, rates];
    },
    save: (rates) => (rates === undefined ? null : [...rates]),
    restore(saved) {
      if (saved === null) return undefined;
      const pairs = Array.isArray(saved) ? saved : [];
      const read = pairs.flatMap((pair): [string, number][] => {
        const [id, rate]: unknown[] = Array.isArray(pair) ? pair : [];
        return typeof id === "string" && typeof rate === "number" ? [[id, rate]] : [];
      });
      if (read.length === 0 || read.length !== pairs.length) {
        refuse("gaussianCurriculum", "the saved state is not its own", "resume with the same algorithm");
      }
      return new Map(read);
    },
  });
}

/** The pass rates after the step before; an unscored completion counts in none. */
function afterStep(rates: PassRates, { previous }: CurriculumInput, options: GaussianOptions): PassRates {
  if (previous === undefined) return rates;
  const { rollouts, rewards } = previous;
  const seen = new Map<string, { sum: number; count: number }>();
  for (const [b, reward] of rewards.values.entries()) {
    const id = rollouts.problems[rollouts.group[b] ?? -1]?.id ?? "";
    if (Number.isNaN(reward) || !rates.has(id)) continue;
    const { sum, count } = seen.get(id) ?? { sum: 0, count: 0 };
    seen.set(id, { sum: sum + reward, count: count + 1 });
  }
  let next = rates;
  for (const [id, { sum, count }] of seen) next = updateRate(next, id, sum / count, options);
  return next;
}
