/**
 * Why training narrows what a policy can solve: what a step does to other problems, and why likely answers run away.
 * 2025, "The Reasoning Boundary Paradox: How Reinforcement Learning Constrains Language Models", arXiv:2510.02230.
 *
 *     linear softmax, logits W phi(x);  g = sum_b A_b grad log pi(y_b | x_b)
 *     linear: eta sum_b A_b (phi_o . phi_b) ((e_yo - pi(x_o)) . (e_yb - pi(x_b)))
 *     exact:  log pi_{W + eta g}(y_o | x_o) - log pi_W(y_o | x_o);   below 0: the step interferes with problem o
 *     expected on-policy step of one softmax, reward 0 or 1:  dz_i = eta p_i (1[i is right] - Q),  Q = sum of right p
 *     forward KL: sum ref (log ref - log theta);   coverage: mean unbiased pass@k over problems
 *
 * Seam: none, evaluation. A distribution that gives 0 where the reference does not has an infinite forward KL, not NaN.
 */
import { allFinite } from "../toolkit/finite.ts";
import { refuse } from "../toolkit/refuse.ts";

/** A sample that was trained on, in a linear softmax policy. */
export interface LinearSample {
  readonly phi: readonly number[];
  /** Index of the answer. */
  readonly y: number;
  readonly advantage: number;
}

/**
 * What one step on a batch does to the log-likelihood of a probe's right answer: to first order, and exactly.
 *
 * @param policy W [V, F], one row of weights per answer
 * @throws UsageError for features of another number than W's columns, or an answer that is none of its rows
 */
export function influence(
  policy: readonly (readonly number[])[],
  batch: readonly LinearSample[],
  probe: Pick<LinearSample, "phi" | "y">,
  { eta }: { readonly eta: number },
): { readonly linear: number; readonly exact: number } {
  const features = policy[0]?.length ?? 0;
  if (policy.length < 2 || features === 0) refuse("influence", `W is [${policy.length}, ${features}]`, "pass [V, F]");
  for (const [v, row] of policy.entries()) {
    if (row.length !== features) refuse("influence", `row ${v} of W has ${row.length} numbers`, `pass ${features}`);
    allFinite("influence", `W[${v}]`, row);
  }
  if (!Number.isFinite(eta)) refuse("influence", `eta is ${eta}`, "pass a finite number");
  for (const { phi, y } of [...batch, probe]) {
    if (phi.length !== features) refuse("influence", `a sample has ${phi.length} features`, `pass ${features}`);
    allFinite("influence", "phi", phi);
    if (!Number.isInteger(y) || y < 0 || y >= policy.length) {
      refuse("influence", `an answer is ${y}`, `pass 0 to ${policy.length - 1}`);
    }
  }
  const towards = (sample: Pick<LinearSample, "phi" | "y">): number[] =>
    softmax(logitsOf(policy, sample.phi)).map((p, v) => (v === sample.y ? 1 : 0) - p);
  const own = towards(probe);
  let linear = 0;
  const moved = policy.map((row) => [...row]);
  for (const sample of batch) {
    if (!Number.isFinite(sample.advantage)) refuse("influence", `an advantage is ${sample.advantage}`, "pass numbers");
    const direction = towards(sample);
    linear += eta * sample.advantage * dot(probe.phi, sample.phi) * dot(own, direction);
    for (const [v, row] of moved.entries()) {
      for (let f = 0; f < features; f++) {
        row[f] = (row[f] ?? 0) + eta * sample.advantage * (direction[v] ?? 0) * (sample.phi[f] ?? 0);
      }
    }
  }
  const logLikelihood = (weights: readonly (readonly number[])[]): number => {
    const logits = logitsOf(weights, probe.phi);
    return (logits[probe.y] ?? 0) - logSumExp(logits);
  };
  return { linear, exact: logLikelihood(moved) - logLikelihood(policy) };
}

/**
 * Expected on-policy steps of one softmax: the likelier of two right answers grows faster, so their ratio diverges.
 *
 * @param p probabilities of the answers, summing to 1
 * @param correct indices of the right ones, each once
 * @returns the probabilities after each step
 */
export function winnerTakeAll(
  p: readonly number[],
  correct: readonly number[],
  { eta, steps }: { readonly eta: number; readonly steps: number },
): number[][] {
  checkDistribution("winnerTakeAll", "p", p);
  const wrong = correct.find((i) => !Number.isInteger(i) || i < 0 || i >= p.length);
  if (wrong !== undefined) refuse("winnerTakeAll", `a right answer is ${wrong}`, `pass 0 to ${p.length - 1}`);
  const right = new Set(correct);
  if (right.size < correct.length) {
    const twice = correct.find((i, at) => correct.indexOf(i) < at);
    refuse("winnerTakeAll", `right answer ${twice} is there twice`, "pass each index once");
  }
  if (!Number.isInteger(steps) || steps < 1) refuse("winnerTakeAll", `steps is ${steps}`, "pass a whole number from 1");
  let logits = p.map(Math.log);
  return Array.from({ length: steps }, () => {
    const now = softmax(logits);
    const share = now.reduce((sum, value, i) => sum + (right.has(i) ? value : 0), 0);
    logits = logits.map((z, i) => z + eta * (now[i] ?? 0) * ((right.has(i) ? 1 : 0) - share));
    return softmax(logits);
  });
}

/**
 * KL(reference, theta) of two distributions; Infinity where theta gives 0 to what the reference does not.
 *
 * @throws UsageError for lists of unequal length, or that are no distributions
 */
export function forwardKlOf(reference: readonly number[], theta: readonly number[]): number {
  if (reference.length !== theta.length) {
    refuse("forwardKlOf", `${reference.length} and ${theta.length} probabilities`, "pass as many of both");
  }
  checkDistribution("forwardKlOf", "reference", reference);
  checkDistribution("forwardKlOf", "theta", theta);
  return reference.reduce((sum, p, i) => sum + (p === 0 ? 0 : p * (Math.log(p) - Math.log(theta[i] ?? 0))), 0);
}

/** Problems that the base solved within its samples and the trained policy did not. @param base right answers of each */
export function shrinkage(base: readonly number[], trained: readonly number[]): number[] {
  if (base.length !== trained.length) {
    refuse("shrinkage", `${base.length} and ${trained.length} problems`, "pass the same problems");
  }
  return base.flatMap((solved, i) => (solved > 0 && trained[i] === 0 ? [i] : []));
}

function checkDistribution(where: string, name: string, p: readonly number[]): void {
  if (p.length === 0) refuse(where, `${name} is empty`, "pass at least one probability");
  const sum = p.reduce((total, value) => total + value, 0);
  if (p.some((value) => !(value >= 0)) || Math.abs(sum - 1) > 1e-6) {
    refuse(where, `${name} sums to ${sum}`, "pass probabilities, 0 or more, that sum to 1");
  }
}

function logitsOf(weights: readonly (readonly number[])[], phi: readonly number[]): number[] {
  return weights.map((row) => dot(row, phi));
}

function softmax(logits: readonly number[]): number[] {
  const sum = logSumExp(logits);
  return logits.map((z) => Math.exp(z - sum));
}

function logSumExp(logits: readonly number[]): number {
  const top = Math.max(...logits);
  if (!Number.isFinite(top)) return top;
  return top + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - top), 0));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
