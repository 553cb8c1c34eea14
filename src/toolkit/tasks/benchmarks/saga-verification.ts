/**
 * SAGA: how good a test suite is as a verifier of code, and suites made from right and from wrong programs.
 * Ma et al. 2025, "Rethinking Verification for LLM Code Generation: From Generation to Testing", arXiv:2507.06920, sections 2
 * and 3, and the released prompts.
 *
 *     X_sj   = 1 if wrong program s answers test j otherwise than the reference (a crash or too many steps counts)
 *     DR@n   = mean over problems of the mean over s of 1[some X_s1..sn is 1]
 *     VAcc@n = mean over problems of 1[every s is killed by some of the first n tests]
 *     DEPC   = number of different non-zero columns of X; diversity ratio = DEPC / n
 *     AUC@N  = (1 / (N - kmin)) · sum over k = kmin..N-1 of (VAcc@k + VAcc@k+1) / 2
 *     n_eff  = n / (1 + (n - 1) rho);  detection = 1 - (1 - p)^n_eff, which stays below 1: 1 - (1 - p)^(1 / rho)
 *
 * Seams: reward, evaluation, benchmark. Reconstruction: programs are averaged within a problem before problems are (`pool` averages
 * over all), a column is over one problem's programs, kmin is 1. The model that writes generators is replaced by two rules,
 * `boundaryInputs` and `differentialInputs` (our construction), and its data by `mutatedProblems`: small programs and mutants of
 * them. Time is counted in steps, so that a verdict does not depend on the machine. A mutant that no test kills keeps VAcc at 0:
 * take it out by a suite that is exhaustive.
 */
import { refuse } from "../../refuse.ts";
import { checkKillMatrix, type KillMatrix } from "./saga-verification/kills.ts";

export { type KillMatrix, killMatrix, type Program, type StepLimit } from "./saga-verification/kills.ts";
export { type MutatedProblem, mutatedProblems } from "./saga-verification/problems.ts";
export { type CodeProblem, readCodeProblems, readTestCases } from "./saga-verification/read.ts";
export {
  boundaryInputs,
  buildSuite,
  type DifferentialOptions,
  differentialInputs,
  type SuiteOptions,
  suiteReward,
  type TestCase,
} from "./saga-verification/suites.ts";

export interface SuiteMetricsOptions {
  /** Tests that count, from the first. Default: as many as the smallest suite has. */
  readonly n?: number;
  /** First suite size of the area. Default 1: reconstruction. */
  readonly kmin?: number;
  /** Whether DR averages over the programs of all problems at once. Default false: reconstruction. */
  readonly pool?: boolean;
}

export interface SuiteMetrics {
  /** Detection rate of the first 1..n tests. */
  readonly dr: readonly number[];
  /** Share of problems whose wrong programs are all killed by the first 1..n tests. */
  readonly vacc: readonly number[];
  /** Mean VAcc over suite sizes kmin..n, by trapezoids. */
  readonly auc: number;
  /** Of each problem: different error patterns among its first n tests, and their share of n. */
  readonly depc: readonly number[];
  readonly divRatio: readonly number[];
}

/**
 * Metrics of suites, from one kill matrix a problem: [wrong programs][tests].
 *
 * @throws UsageError for entries other than 0 and 1, rows of unlike length, a problem without wrong programs, n above a suite's
 * size, kmin outside 1..n-1
 */
export function suiteMetrics(kill: readonly KillMatrix[], options: SuiteMetricsOptions = {}): SuiteMetrics {
  const { n, kmin = 1, pool = false } = options;
  if (kill.length === 0) refuse("suiteMetrics", "there is no problem", "pass a kill matrix of each");
  const sizes = kill.map((matrix, problem) => checkKillMatrix("suiteMetrics", matrix, problem));
  const smallest = Math.min(...sizes);
  const tests = n ?? smallest;
  if (!Number.isInteger(tests) || tests < 1 || tests > smallest) {
    refuse("suiteMetrics", `n is ${tests}, the smallest suite has ${smallest} tests`, "pass a whole n up to that");
  }
  if (!Number.isInteger(kmin) || kmin < 1 || kmin >= tests) {
    refuse("suiteMetrics", `kmin is ${kmin} with n = ${tests}`, "pass a whole kmin from 1, below n");
  }
  const first = kill.map((matrix) => matrix.map(firstKill));
  const upTo = Array.from({ length: tests }, (_, i) => i);
  const dr = upTo.map((j) => detectionRate(first, j, pool));
  const vacc = upTo.map((j) => mean(first.map((rows) => (rows.every((at) => at <= j) ? 1 : 0))));
  const patterns = kill.map((matrix) => errorPatterns(matrix, tests));
  return {
    dr,
    vacc,
    auc: area(vacc.slice(kmin - 1)),
    depc: patterns.map(({ depc }) => depc),
    divRatio: patterns.map(({ ratio }) => ratio),
  };
}

/** Index of the first test that kills a program; infinite where none does. */
function firstKill(row: readonly number[]): number {
  const at = row.indexOf(1);
  return at < 0 ? Infinity : at;
}

function detectionRate(first: readonly (readonly number[])[], j: number, pool: boolean): number {
  const share = (rows: readonly number[]): number => mean(rows.map((at) => (at <= j ? 1 : 0)));
  return pool ? share(first.flat()) : mean(first.map(share));
}

/** Trapezoids of equal width, over their number. */
function area(values: readonly number[]): number {
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += ((values[i - 1] ?? 0) + (values[i] ?? 0)) / 2;
  return sum / (values.length - 1);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export interface ErrorPatterns {
  /** Different columns that kill at least one program. */
  readonly depc: number;
  /** depc over the number of tests. */
  readonly ratio: number;
}

/**
 * Diversity of one problem's suite.
 *
 * @param n tests that count, from the first. Default all.
 */
export function errorPatterns(matrix: KillMatrix, n?: number): ErrorPatterns {
  const size = checkKillMatrix("errorPatterns", matrix, 0);
  const tests = n ?? size;
  if (!Number.isInteger(tests) || tests < 1 || tests > size) {
    refuse("errorPatterns", `n is ${tests} of ${size} tests`, "pass a whole n up to that");
  }
  const columns = Array.from({ length: tests }, (_, j) => matrix.map((row) => row[j]).join(""));
  const depc = new Set(columns.filter((column) => column.includes("1"))).size;
  return { depc, ratio: depc / tests };
}

/**
 * How many independent tests n tests of mean correlation rho are worth.
 *
 * @param n from 1; may be infinite, where it is 1 / rho
 */
export function effectiveSize(n: number, rho: number): number {
  if (!(n >= 1)) refuse("effectiveSize", `n is ${n}`, "pass a number of tests from 1, or Infinity");
  checkShare("effectiveSize", "rho", rho);
  return n === Infinity ? 1 / rho : n / (1 + (n - 1) * rho);
}

/** Chance that a suite of n tests detects an error which one test detects with chance `p`. */
export function detectionBound(p: number, n: number, rho: number): number {
  checkShare("detectionBound", "p", p);
  const size = effectiveSize(n, rho);
  return p === 0 ? 0 : 1 - (1 - p) ** size;
}

/**
 * The saturation curve nearest to a measured DR@1..n: p is DR@1, rho the value of least squared distance (by thirds, to 1e-9).
 */
export function fitSaturation(dr: readonly number[]): { readonly p: number; readonly rho: number } {
  const [p] = dr;
  if (p === undefined || dr.length < 2) refuse("fitSaturation", `there are ${dr.length} rates`, "pass DR@1 and more");
  for (const rate of dr) checkShare("fitSaturation", "a rate", rate);
  const distance = (rho: number): number =>
    dr.reduce((sum, rate, i) => sum + (rate - detectionBound(p, i + 1, rho)) ** 2, 0);
  let [low, high] = [0, 1];
  while (high - low > 1e-9) {
    const third = (high - low) / 3;
    if (distance(low + third) <= distance(high - third)) high -= third;
    else low += third;
  }
  return { p, rho: (low + high) / 2 };
}

function checkShare(where: string, name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) refuse(where, `${name} is ${value}`, "pass a number from 0 to 1");
}
