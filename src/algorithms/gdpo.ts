/**
 * GDPO: several rewards are normalised one by one within the group before they are added, so that rewards of different
 * spread keep their say and different mixtures keep different advantages.
 * Liu, Dong, Lu, Diao, Belcak, Liu, Chen, Yin, Wang, Cheng, Choi, Kautz, Molchanov 2026, "GDPO: Group reward-Decoupled
 * Normalization Policy Optimization for Multi-reward RL Optimization", arXiv:2601.05242, eq. 4 to 6.
 *
 *     "normalize-then-sum"   S_b = sum_k w_k (r_kb - mean_group r_k) / (std_group r_k + epsilon)
 *                            A_b = (S_b - mean_step S) / (std_step S + epsilon)
 *     "sum-then-normalize"   A_b = GRPO of sum_k w_k r_kb
 *
 * Seam: advantage. It reads the rewards' `components`; a single score counts as one component, "reward". A component that
 * is equal over a group adds 0, so does one that is NaN on a row. A row of which `values` or every component is NaN is
 * unscored: it gets 0 and does not count.
 */
import { type Advantages, groupAdvantages, groupStatistics, spreadOverTokens } from "../toolkit/advantage.ts";
import { type ChoiceSources, choicesOf } from "../toolkit/algorithm.ts";
import type { AlgorithmChange } from "../toolkit/compose.ts";
import { allFinite, equalLengths } from "../toolkit/finite.ts";
import { checkOptions } from "../toolkit/options.ts";
import { refuse } from "../toolkit/refuse.ts";

export interface GdpoOptions {
  /** Default "normalize-then-sum": the paper. */
  readonly order?: "normalize-then-sum" | "sum-then-normalize";
  /** Weight of each component by name. Default 1 each. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Added to standard deviations. Default 1e-4: TRL. */
  readonly epsilon?: number;
}

const SOURCES: ChoiceSources<keyof GdpoOptions> = {
  order: ["advantage", "arXiv:2601.05242, eq. 4 to 6"],
  weights: ["advantage", "arXiv:2601.05242: 1 each"],
  epsilon: ["advantage", "TRL"],
};

type Settings = Required<GdpoOptions>;

/** The change. @throws UsageError for an unknown option or one out of range */
export function gdpo(options: GdpoOptions = {}): AlgorithmChange {
  const settings = settle(options);
  const shown = { ...settings, weights: JSON.stringify(settings.weights) };
  return {
    name: "gdpo",
    replaces: {
      advantage: ({ rollouts, rewards: { values, components = { reward: values } } }): Advantages => {
        const scored = Object.entries(components).map(
          ([name, column]) => [name, column.map((x, b) => (Number.isNaN(values[b]) ? Number.NaN : x))] as const,
        );
        const perRow = gdpoAdvantages(Object.fromEntries(scored), rollouts.group, settings);
        return { perToken: spreadOverTokens(perRow, rollouts.width - 1), scaledBy: "gdpo" };
      },
    },
    choices: choicesOf(SOURCES, shown, options),
  };
}

function settle(options: GdpoOptions): Settings {
  checkOptions("gdpo", options, {
    order: { kind: "either", values: ["normalize-then-sum", "sum-then-normalize"] },
    weights: { kind: "object" },
    epsilon: { kind: "number", min: 0 },
  });
  const { order = "normalize-then-sum", weights = {}, epsilon = 1e-4 } = options;
  allFinite("gdpo", "weights", Object.values(weights));
  return { order, weights, epsilon };
}

/**
 * Advantage of each row.
 *
 * @param components [B] each, by name; NaN where not scored
 * @param group [B]
 * @throws UsageError for no component, one of another length, a weight for none of them
 */
export function gdpoAdvantages(
  components: Readonly<Record<string, Float32Array>>,
  group: Int32Array,
  options: GdpoOptions = {},
): Float32Array {
  const { order, weights, epsilon } = settle(options);
  checkComponents(components, group, weights);
  const scale = { scale: "group-std", deviation: "sample", epsilon } as const;
  const normalize = (rewards: Float32Array, of: Int32Array): Float32Array => groupAdvantages(rewards, of, scale);
  if (order === "sum-then-normalize") return normalize(weightedSum(components, components, weights), group);
  const normalized = Object.fromEntries(
    Object.entries(components).map(([name, rewards]) => [name, normalize(rewards, group)]),
  );
  return normalize(weightedSum(normalized, components, weights), new Int32Array(group.length));
}

function checkComponents(
  components: Readonly<Record<string, Float32Array>>,
  group: Int32Array,
  weights: Readonly<Record<string, number>>,
): void {
  const names = Object.keys(components);
  if (names.length === 0) refuse("gdpo", "there is no reward component", "return components from the reward seam");
  equalLengths("gdpo", { group, ...components });
  for (const rewards of Object.values(components)) groupStatistics(rewards, group); // refuses what is not finite
  const unknown = Object.keys(weights).find((name) => !Object.hasOwn(components, name));
  if (unknown !== undefined)
    refuse("gdpo", `there is a weight for "${unknown}"`, `the components are ${names.join(", ")}`);
}

/** Sum over the components that are scored on a row; NaN where none is. */
function weightedSum(
  columns: Readonly<Record<string, Float32Array>>,
  components: Readonly<Record<string, Float32Array>>,
  weights: Readonly<Record<string, number>>,
): Float32Array {
  const [first = new Float32Array()] = Object.values(columns);
  return first.map((_, b) => {
    let [sum, scored] = [0, false];
    for (const [name, column] of Object.entries(columns)) {
      if (Number.isNaN(components[name]?.[b])) continue;
      sum += (weights[name] ?? 1) * (column[b] ?? 0);
      scored = true;
    }
    return scored ? sum : Number.NaN;
  });
}
