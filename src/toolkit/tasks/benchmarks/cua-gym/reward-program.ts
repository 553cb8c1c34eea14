/** Deterministic rewards: weighted components over gates, read from the server's states. */
import { refuse } from "../../../refuse.ts";
import { type StateDiff, stateDiff } from "./state-diff.ts";

export interface Evidence {
  readonly initial: unknown;
  readonly current: unknown;
}

type Holds = (initial: unknown, current: unknown, diff: StateDiff) => boolean;

/** An integrity check: where it fails, the score is 0. */
export interface RewardGate {
  readonly name: string;
  readonly check: Holds;
}

export interface RewardComponent extends RewardGate {
  /** Above 0; all add up to 1. */
  readonly weight: number;
  /** Judged by a model. At most 40 % of the weight (50 % where one looks at pictures). Default false. */
  readonly judged?: boolean | "vision";
}

export interface RewardScore {
  /** In [0, 1]; 1 where all components hold, 0 where none does or a gate fails, exactly. */
  readonly score: number;
  readonly components: readonly { readonly name: string; readonly score: number }[];
  /** Gates that failed. */
  readonly failedGates: readonly string[];
  /** The program's last line, `REWARD: x`. */
  readonly line: string;
}

export interface RewardProgram {
  readonly components: readonly RewardComponent[];
  /**
   * @throws UsageError for a component that holds on the initial state already, and checks that give two answers
   */
  score(evidence: Evidence): RewardScore;
}

/** @throws UsageError for no component, weights that do not add up to 1, or too much judged by models */
export function rewardProgram(parts: {
  readonly gates?: readonly RewardGate[];
  readonly components: readonly RewardComponent[];
}): RewardProgram {
  const where = "rewardProgram";
  const { gates = [], components } = parts;
  const total = components.reduce((sum, { weight }) => sum + weight, 0);
  const wrong = components.find(({ weight }) => !(weight > 0));
  if (wrong) refuse(where, `the weight of "${wrong.name}" is ${String(wrong.weight)}`, "pass one above 0");
  if (!(Math.abs(total - 1) <= 1e-9)) refuse(where, `the weights add up to ${total}`, "make them add up to 1");
  for (const [kind, most] of [
    ["judged", 0.4],
    ["vision", 0.5],
  ] as const) {
    const judged = components.filter((one) => (kind === "vision" ? one.judged : one.judged === true));
    const share = judged.reduce((sum, { weight }) => sum + weight, 0);
    if (share > most + 1e-9) refuse(where, `models judge ${share} of the weight`, `leave them at most ${most}`);
  }
  const held = (check: Holds, name: string, initial: unknown, current: unknown): boolean => {
    const diff = stateDiff(initial, current);
    const [first, second] = [0, 1].map(() => check(structuredClone(initial), structuredClone(current), diff));
    if (first !== second) refuse(where, `"${name}" gives two answers for one state`, "make it deterministic");
    if (typeof first !== "boolean") refuse(where, `"${name}" gives ${String(first)}`, "give true or false");
    return first;
  };
  return {
    components,
    score({ initial, current }) {
      const early = components.find(({ name, check }) => held(check, name, initial, initial));
      if (early) refuse(where, `"${early.name}" holds on the initial state`, "score only what the task brings about");
      const failedGates = gates
        .filter(({ name, check }) => !held(check, name, initial, current))
        .map(({ name }) => name);
      const scores = components.map(({ name, check, weight }) => {
        return { name, score: held(check, name, initial, current) ? weight : 0 };
      });
      const reached = scores.filter(({ score }) => score > 0);
      const sum = reached.length === scores.length ? 1 : reached.reduce((all, { score }) => all + score, 0);
      const score = failedGates.length > 0 ? 0 : sum;
      return { score, components: scores, failedGates, line: `REWARD: ${score}` };
    },
  };
}
