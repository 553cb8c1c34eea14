/**
 * RECAP's weights: how far each objective's loss has stopped falling, and how much it swings, as a softmax.
 * 2025, "Beyond Reasoning Gains: Mitigating General Capabilities Forgetting in Large Reasoning Models",
 * arXiv:2510.21978, eq. 1.
 *
 *     c_k = mu_k / mu'_k,  i_k = sigma_k / (mu_k + mu'_k),  lambda_k = K softmax((c + i) / T)_k
 *
 * Seam: objective (the weights of K losses). Fewer than 2 W losses of any objective: every weight is 1.
 */
import { allFinite, equalLengths } from "../toolkit/finite.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rng } from "../toolkit/rng.ts";
import type { Json } from "../toolkit/seam.ts";

/** Losses of each objective, oldest first. */
export type Histories = Readonly<Record<string, readonly number[]>>;

export interface RecapWeightOptions {
  /** W. Default 10 (reconstruction). */
  readonly window?: number;
  /** T. Default 5: paper. A gap of 0.5 then changes the ratio of two weights by 1.1. */
  readonly temperature?: number;
  /** Divisor of the variance: n or n - 1. Default "population" (reconstruction). */
  readonly deviation?: "population" | "sample";
  /** Least mu' divided by. Default 1e-8 (reconstruction). */
  readonly floor?: number;
}

/** One objective's figures over the two windows. */
export interface RecapFigures {
  readonly mu: number;
  readonly muPrevious: number;
  readonly sigma: number;
  /** Convergence rate: below 1 improving, above 1 getting worse. */
  readonly c: number;
  /** Instability. */
  readonly i: number;
  /** Priority, c + i. */
  readonly s: number;
}

/**
 * The weights, which sum to the number of objectives.
 *
 * @throws UsageError for no objective, histories of unequal length, a loss that is not finite or below 0, and options out
 *   of range
 */
export function recapWeights(histories: Histories, options: RecapWeightOptions = {}): Record<string, number> {
  const { temperature } = settle(options);
  const names = Object.keys(histories);
  const figures = recapFigures(histories, options);
  if (figures === undefined) return Object.fromEntries(names.map((name) => [name, 1]));
  const scores = names.map((name) => (figures[name]?.s ?? 0) / temperature);
  const top = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return Object.fromEntries(names.map((name, k) => [name, (names.length * (powers[k] ?? 0)) / sum]));
}

/** What the weights are made of; undefined until every objective has 2 W losses. */
export function recapFigures(
  histories: Histories,
  options: RecapWeightOptions = {},
): Readonly<Record<string, RecapFigures>> | undefined {
  const { window, deviation, floor } = settle(options);
  const entries = Object.entries(histories);
  if (entries.length === 0) refuse("recap", "there are no objectives", "pass the losses of at least one");
  for (const [name, losses] of entries) checkLosses(name, losses);
  equalLengths("recap", histories); // every objective is recorded at every step
  if (entries.some(([, losses]) => losses.length < 2 * window)) return undefined;
  return Object.fromEntries(
    entries.map(([name, losses]) => {
      const latest = losses.slice(-window);
      const [mu, muPrevious] = [meanOf(latest), meanOf(losses.slice(-2 * window, -window))];
      const squares = latest.reduce((sum, loss) => sum + (loss - mu) ** 2, 0);
      const sigma = Math.sqrt(squares / (deviation === "sample" ? window - 1 : window));
      const c = mu / Math.max(muPrevious, floor);
      const i = sigma / Math.max(mu + muPrevious, floor);
      return [name, { mu, muPrevious, sigma, c, i, s: c + i }];
    }),
  );
}

/**
 * Histories with one more loss each; no more than the 2 W latest are kept.
 *
 * @throws UsageError for an objective that is unknown or missing, a loss that is not finite or below 0
 */
export function recordLosses(
  histories: Histories,
  losses: Readonly<Record<string, number>>,
  options: RecapWeightOptions = {},
): Histories {
  const { window } = settle(options);
  const stranger = Object.keys(losses).find((name) => !Object.hasOwn(histories, name));
  if (stranger !== undefined) refuse("recap", `there is no objective "${stranger}"`, "name them all at the start");
  return Object.fromEntries(
    Object.entries(histories).map(([name, before]) => {
      const loss = losses[name] ?? refuse("recap", `the loss of "${name}" is missing`, "record all objectives");
      checkLosses(name, [loss]);
      return [name, [...before, loss].slice(-2 * window)];
    }),
  );
}

/** Mean of the weighted losses. @throws UsageError for lists of unequal length */
export function combineLosses(losses: readonly number[], weights: readonly number[]): number {
  if (losses.length === 0 || losses.length !== weights.length) {
    refuse("recap", `${losses.length} losses, ${weights.length} weights`, "pass one weight per loss");
  }
  allFinite("recap", "losses", losses);
  allFinite("recap", "weights", weights);
  return losses.reduce((sum, loss, k) => sum + loss * (weights[k] ?? 0), 0) / losses.length;
}

/** Items drawn with replacement: a source at random, every one alike, then one of its items. */
export function replayBatch<T>(sources: readonly (readonly T[])[], size: number, random: Rng): T[] {
  if (sources.length === 0) refuse("recap", "there is no source to replay", "pass at least one");
  const empty = sources.findIndex((source) => source.length === 0);
  if (empty >= 0) refuse("recap", `source ${empty} is empty`, "leave it out");
  return Array.from({ length: size }, () => random.pick(random.pick(sources)));
}

/** Histories out of a checkpoint. @throws UsageError when they are not those of these objectives */
export function restoreHistories(saved: Json, names: readonly string[]): Histories {
  const found: Record<string, readonly number[]> = {};
  const entries: readonly (readonly [string, Json])[] =
    typeof saved === "object" && saved !== null && !Array.isArray(saved) ? Object.entries(saved) : [];
  for (const [name, losses] of entries) {
    if (Array.isArray(losses)) found[name] = losses.filter((loss): loss is number => typeof loss === "number");
  }
  if (names.some((name) => found[name] === undefined) || entries.length !== names.length) {
    refuse("recap", `the saved state has objectives ${Object.keys(found).join(", ")}`, "resume with the same ones");
  }
  return found;
}

function settle(options: RecapWeightOptions): Required<RecapWeightOptions> {
  const { window = 10, temperature = 5, deviation = "population", floor = 1e-8 } = options;
  checkOptions(
    "recap",
    { window, temperature, deviation, floor },
    {
      window: { kind: "integer", min: 2 },
      temperature: { kind: "number", above: 0 },
      deviation: { kind: "either", values: ["population", "sample"] },
      floor: { kind: "number", above: 0 },
    },
  );
  return { window, temperature, deviation, floor };
}

function checkLosses(name: string, losses: readonly number[]): void {
  for (const loss of losses) {
    if (Number.isFinite(loss) && loss >= 0) continue;
    refuse("recap", `objective "${name}" has loss ${loss}`, "record a finite number, 0 or more");
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
