/** From the names of the neorl-2 forms to `src/toolkit/tasks/benchmarks/neorl-2.ts`. */
import {
  dmsdEnv,
  type NeorlTask,
  neorlTasks,
  normalisedScore,
  pipelineEnv,
  rewardOf,
  selectConfig,
} from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly init: number;
  readonly target: number & readonly number[];
  readonly action: number;
  readonly steps: number;
  readonly state: readonly number[];
  readonly actions: readonly (readonly number[])[];
  readonly cheetah: { readonly x0: number; readonly x1: number; readonly action: readonly number[] };
  readonly rocket: Readonly<Record<"obs" | "action" | "next", readonly number[]>>;
  readonly fusion: Readonly<Record<"target" | "achieved", readonly number[]>>;
}

export function evaluate(inputs: unknown, form: string): unknown {
  const given = inputs as Inputs;
  switch (form) {
    case "neorl-2/0":
      return (inputs as readonly (readonly [NeorlTask, number])[]).map(([task, value]) => normalisedScore(task, value));
    case "neorl-2/1": {
      const { config, mean, std } = selectConfig(inputs as Readonly<Record<string, readonly number[]>>);
      return { config, mean, std: std ?? null };
    }
    case "neorl-2/2":
      return pipeline(given);
    case "neorl-2/3":
      return dmsd(given);
    case "neorl-2/4":
      return oneStepRewards(given);
    default:
      throw new Error(`no form ${form}`);
  }
}

/** The gate's flow at the end, and outflow with reward after each step. */
function pipeline({ init, target, action, steps }: Inputs): Readonly<Record<string, unknown>> {
  const env = pipelineEnv({ targetChange: 0 });
  env.reset(0, { flow: init, target });
  const taken = Array.from({ length: steps }, () => env.step([action]));
  const outflows = taken.map(({ observation, reward }) => [observation[0], reward]);
  const named = Object.fromEntries(outflows.map((pair, i) => [`step${i + 1}`, pair]));
  return { ...named, gate: env.hidden().gate?.[0] };
}

function dmsd({ state, target, actions }: Inputs): unknown {
  const env = dmsdEnv();
  const start = env.reset(0, { state, target });
  const taken = actions.map((action) => env.step(action));
  const last = taken.at(-1)?.observation ?? start;
  return { state: last.slice(0, 4), rewards: taken.map(({ reward }) => reward) };
}

function oneStepRewards({ cheetah, rocket, fusion }: Inputs): unknown {
  return {
    cheetah: rewardOf("SafetyHalfCheetah")(
      placed("SafetyHalfCheetah", { 0: [cheetah.x0] }),
      cheetah.action,
      placed("SafetyHalfCheetah", { 0: [cheetah.x1] }),
    ),
    rocket: rewardOf("RocketRecovery")(
      placed("RocketRecovery", { 0: rocket.obs }),
      rocket.action,
      placed("RocketRecovery", { 0: rocket.next }),
    ),
    fusion: rewardOf("Fusion")(
      placed("Fusion", { 9: fusion.target }),
      new Float64Array(6),
      placed("Fusion", { 6: fusion.achieved }),
    ),
  };
}

/** An observation that is 0 but for what a form names; the rewards read nothing else. */
function placed(task: NeorlTask, parts: Readonly<Record<number, readonly number[]>>): number[] {
  const observation = Array.from({ length: neorlTasks[task].observation }, () => 0);
  for (const [start, numbers] of Object.entries(parts)) observation.splice(Number(start), numbers.length, ...numbers);
  return observation;
}
