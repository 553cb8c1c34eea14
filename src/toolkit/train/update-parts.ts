/**
 * One update of a network taken apart: which part of it moved which logits. The parts of the weights' change add up to the actual
 * one; those of the log-probs as far as these are linear in the weights, which a training step is small enough for.
 *
 *     positive      gradient of the loss with the advantages above 0 alone, less the one with none; clip open
 *     negative      the same of those below 0
 *     regularizer   what is left of the unclipped loss: KL, entropy bonus, and what the two signs do only together
 *     clip          the loss less the unclipped one
 *     optimizer     the actual change less a plain step, as long as the actual one: Adam's direction, momentum, decay, clipping by norm
 */
import type { Advantage, Advantages } from "../advantage.ts";
import type { Algorithm } from "../algorithm.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import type { Objective } from "../objective.ts";
import { checkOptions } from "../options.ts";
import type { Policy } from "../policy/policy.ts";
import { logitChange } from "../probe/logit-change.ts";
import type { Sequences } from "../probe/sequences.ts";
import { flat, norm } from "../probe/step-parts.ts";
import { type TokenProbe, tokenProbe } from "../probe/token-probe.ts";
import { refuse } from "../refuse.ts";
import { openSeam } from "../seam.ts";
import { type RecomputeOptions, type RewardedRollouts, recompute } from "./recompute.ts";

export interface PolicyUpdateOptions extends Omit<RecomputeOptions, "policy"> {
  /** The algorithm's objective with its clip open: `grpo({ clipLow: 0.999, clipHigh: 1e6 }).objective`. Default: its own; `clip` is then 0. */
  readonly unclipped?: Objective;
  /** Where the change is looked at. Default: the step's completions. */
  readonly contexts?: Sequences;
  /** Of the central difference, see `logitChange`. Default 1; above 1 for updates so small that float32 shows. */
  readonly scale?: number;
  /** Class of a token by its text, see `tokenProbe`. */
  readonly classOf?: (text: string) => string;
}

/** What `entropyLedger` takes as a step. */
export interface PolicyUpdate {
  readonly before: TokenProbe;
  readonly after: TokenProbe;
  /** [N, V] change of the log-probs by each part. */
  readonly parts: Readonly<Record<"positive" | "negative" | "clip" | "regularizer" | "optimizer", Float64Array>>;
}

const WHERE = "policyUpdateParts";

/** Log-probs of the contexts held at once, N x V: seven such arrays are. */
const mostNumbers = 5e7;

/**
 * Takes the update from one policy to the next apart.
 *
 * @param before the policy that the update began from: at a step's first update the one that sampled
 * @param after the policy after that one update
 * @param step the completions and rewards that it learned from: `storedStep(run, 12)`, or those of a run under way
 * @throws UsageError when the two policies differ in their weights' names or sizes, for contexts that do not fit in memory, for an
 *   algorithm whose objective does not learn from its advantages alone, and what `recompute` refuses
 */
export async function policyUpdateParts(
  before: Policy,
  after: Policy,
  step: RewardedRollouts,
  algorithm: Algorithm,
  options: PolicyUpdateOptions = {},
): Promise<PolicyUpdate> {
  checkOptions(WHERE, options, {
    reference: { kind: "object" },
    temperature: { kind: "number", above: 0 },
    maxTokens: { kind: "integer", min: 1 },
    seed: { kind: "integer", min: 0 },
    task: { kind: "object" },
    unclipped: { kind: "object" },
    contexts: { kind: "object" },
    scale: { kind: "number", above: 0 },
    classOf: { kind: "function" },
  });
  const { unclipped = algorithm.objective, contexts = step.rollouts, scale = 1, classOf, ...recomputing } = options;
  if (algorithm.inseparable === true) {
    const problem = `${algorithm.name} learns from more than its advantages, which are what tells its parts apart`;
    refuse(WHERE, problem, "pass the parts to entropyLedger yourself");
  }
  const { shapes } = before.parameters;
  checkPair(shapes, after.parameters.shapes);
  checkSize(contexts, before.config.vocab_size);
  const slope = async (objective: Objective, keep: (advantage: number) => boolean): Promise<Float32Array> => {
    const masked = { ...algorithm, objective, advantage: keeping(algorithm.advantage, keep) };
    const { gradient } = await recompute(step, masked, { policy: before, ...recomputing });
    return flat(gradient, shapes);
  };
  const nothing = await slope(unclipped, () => false);
  const positive = less(await slope(unclipped, (advantage) => advantage > 0), nothing);
  const negative = less(await slope(unclipped, (advantage) => advantage < 0), nothing);
  const open = await slope(unclipped, () => true);
  const whole = unclipped === algorithm.objective ? open : await slope(algorithm.objective, () => true);
  const moved = less(flat(await after.parameters.read(), shapes), flat(await before.parameters.read(), shapes));
  const length = norm(whole);
  const rate = length === 0 ? 0 : norm(moved) / length;
  const against = (gradient: Float32Array): Float32Array => gradient.map((value) => -rate * value);
  const changes = {
    positive: against(positive),
    negative: against(negative),
    clip: against(less(whole, open)),
    regularizer: against(less(less(open, positive), negative)),
    optimizer: moved.map((value, i) => value + rate * (whole[i] ?? 0)),
  };
  const probing = classOf === undefined ? {} : { classOf };
  const there = await tokenProbe(before, contexts, probing);
  const logits = async (change: Float32Array): Promise<Float64Array> =>
    norm(change) === 0
      ? new Float64Array(there.rows?.length ?? 0)
      : await logitChange(before, contexts, byName(change, shapes), { scale });
  return {
    before: there,
    after: await tokenProbe(after, contexts, probing),
    parts: {
      positive: await logits(changes.positive),
      negative: await logits(changes.negative),
      clip: await logits(changes.clip),
      regularizer: await logits(changes.regularizer),
      optimizer: await logits(changes.optimizer),
    },
  };
}

/** The advantage with those numbers that are not kept at 0. */
function keeping(advantage: Advantage, keep: (advantage: number) => boolean): Advantage {
  return async (input): Promise<Advantages> => {
    const advantages = await openSeam(advantage).next(input);
    return { ...advantages, perToken: advantages.perToken.map((value) => (keep(value) ? value : 0)) };
  };
}

function checkPair(
  one: Readonly<Record<string, readonly number[]>>,
  other: Readonly<Record<string, readonly number[]>>,
): void {
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const [before, after] = [one[name]?.join(" x ") ?? "missing", other[name]?.join(" x ") ?? "missing"];
    if (before === after) continue;
    refuse(WHERE, `"${name}" is ${before} before and ${after} after`, "pass one policy at two moments");
  }
}

function checkSize({ mask }: Sequences, vocabulary: number): void {
  const contexts = mask.reduce((sum, marked) => sum + (marked > 0 ? 1 : 0), 0);
  if (contexts * vocabulary <= mostNumbers) return;
  const most = Math.floor(mostNumbers / vocabulary);
  refuse(WHERE, `${contexts} contexts of ${vocabulary} tokens do not fit in memory`, `pass at most ${most} contexts`);
}

function less(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - (b[i] ?? Number.NaN));
}

function byName(
  weights: Float32Array,
  shapes: Readonly<Record<string, readonly number[]>>,
): Readonly<Record<string, HostTensor["data"]>> {
  let at = 0;
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const size = shape.reduce((product, axis) => product * axis, 1);
      at += size;
      return [name, weights.subarray(at - size, at)];
    }),
  );
}
