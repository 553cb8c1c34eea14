/** Pipeline and DMSD: the two simulators that are arithmetic alone. */
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import { rewardOf } from "./rewards.ts";
import { type NeorlTask, neorlTasks } from "./tasks.ts";

export interface ControlStep {
  readonly observation: Float64Array;
  readonly reward: number;
  /** The task ended the episode. */
  readonly done: boolean;
  /** The horizon did. */
  readonly truncated: boolean;
}

/** An environment with a start that may be given instead of drawn. */
export interface ControlEnv<Start = never> {
  readonly task: NeorlTask;
  /** A new episode; the same seed gives the same. */
  reset(seed: number, start?: Start): Float64Array;
  /** @throws UsageError for an action of the wrong length or with a NaN, before a reset and after the end */
  step(action: ArrayLike<number>): ControlStep;
  /** What the episode's state holds beside the observation, by name. @throws UsageError before a reset */
  hidden(): Readonly<Record<string, readonly number[]>>;
}

/** What differs between the two: how an episode begins and moves on. */
interface Dynamics<State, Start> {
  begin(random: Rng, start: Start | undefined): State;
  move(state: State, action: readonly number[], step: number, random: Rng): void;
  observe(state: State): Float64Array;
  hidden(state: State): Readonly<Record<string, readonly number[]>>;
}

function environment<State, Start>(task: NeorlTask, dynamics: Dynamics<State, Start>): ControlEnv<Start> {
  const { action: width, horizon } = neorlTasks[task];
  const reward = rewardOf(task);
  let episode: { readonly state: State; readonly random: Rng; step: number; observation: Float64Array } | undefined;
  return {
    task,
    reset(seed, start) {
      const random = rng({ seed, stream: `neorl-2/${task}` });
      const state = dynamics.begin(random, start);
      episode = { state, random, step: 0, observation: dynamics.observe(state) };
      return episode.observation.slice();
    },
    step(action) {
      if (episode === undefined) return refuse(task, "there is no episode", "reset first");
      if (episode.step === horizon) refuse(task, `the episode ended after ${horizon} steps`, "reset first");
      const given = Array.from(action);
      if (given.length !== width || given.some((value) => !Number.isFinite(value))) {
        refuse(task, `the action is [${given.join(", ")}]`, `pass ${width} finite numbers`);
      }
      const clipped = given.map((value) => Math.min(Math.max(value, -1), 1));
      dynamics.move(episode.state, clipped, episode.step, episode.random);
      episode.step += 1;
      const before = episode.observation;
      episode.observation = dynamics.observe(episode.state);
      return {
        observation: episode.observation.slice(),
        reward: reward(before, clipped, episode.observation),
        done: false,
        truncated: episode.step === horizon,
      };
    },
    hidden() {
      if (episode === undefined) return refuse(task, "there is no episode", "reset first");
      return dynamics.hidden(episode.state);
    },
  };
}

export interface PipelineOptions {
  /** Chance that a step begins with a new target. Default 0.003: the code's. */
  readonly targetChange?: number;
}

export interface PipelineStart {
  /** Flow in the whole pipe and at the gate, 0 to 200. */
  readonly flow: number;
  readonly target: number;
}

/** Pipe of length 100 at speed 5: what the gate lets in comes out 20 steps later. */
const PIPE = 20;
/** Past values that an observation holds. */
const MEMORY = 25;

interface PipelineState {
  gate: number;
  target: number;
  /** Flows from the gate to the end. */
  readonly pipe: number[];
  /** Newest first. */
  readonly outflows: number[];
  readonly actions: number[];
}

/**
 * The delayed pipe. Observation [52]: outflow, target, the 25 outflows before (newest first), the 25 last actions (newest first).
 * Action [1]: change of the gate's flow, −1 to 1. Before the start the pipe flowed evenly and no action was taken (our choice).
 */
export function pipelineEnv(options: PipelineOptions = {}): ControlEnv<PipelineStart> {
  checkOptions("pipelineEnv", options, { targetChange: { kind: "number", min: 0, max: 1 } });
  const { targetChange = 0.003 } = options;
  const drawTarget = (random: Rng): number => random.pick([50, 80, 110, 140]);
  return environment<PipelineState, PipelineStart>("Pipeline", {
    begin(random, start) {
      if (start) checkOptions("pipelineEnv.reset", start, START_RULES);
      const { flow, target } = start ?? { flow: 80 + 40 * random.uniform(), target: drawTarget(random) };
      const even = (length: number, value: number): number[] => Array.from({ length }, () => value);
      return { gate: flow, target, pipe: even(PIPE, flow), outflows: even(MEMORY, flow), actions: even(MEMORY, 0) };
    },
    move(state, [action = 0], _, random) {
      if (random.uniform() < targetChange) state.target = drawTarget(random);
      state.outflows.unshift(state.pipe.at(-1) ?? 0);
      state.outflows.pop();
      state.actions.unshift(action);
      state.actions.pop();
      state.gate = Math.min(Math.max(state.gate + action, 0), 200);
      state.pipe.unshift(state.gate);
      state.pipe.pop();
    },
    observe: ({ pipe, target, outflows, actions }) =>
      Float64Array.of(pipe.at(-1) ?? 0, target, ...outflows, ...actions),
    hidden: ({ gate, pipe }) => ({ gate: [gate], pipe: [...pipe] }),
  });
}

const START_RULES = {
  flow: { kind: "number", min: 0, max: 200, required: true },
  target: { kind: "number", required: true },
} as const;

export interface DmsdOptions {
  /** Of both masses. Default 20: training; the code's test mode has 30. */
  readonly mass?: number;
}

export interface DmsdStart {
  /** Positions and speeds of the two masses: x1, x2, v1, v2. */
  readonly state: readonly number[];
  /** Targets of both, held to the end. */
  readonly target: readonly number[];
}

interface DmsdState {
  readonly x: number[];
  readonly v: number[];
  /** [2] for each mass: its target before and from step 50. */
  readonly targets: readonly (readonly [number, number])[];
  steps: number;
}

const [DT, SPRING, DAMPER, SWITCH] = [0.2, 2, 4, 50];

/**
 * Two masses between walls, joined by three springs and three dampers. Observation [6]: x1, x2, v1, v2 and both targets; action [2]:
 * the forces, −1 to 1 for −30 to 30.
 */
export function dmsdEnv(options: DmsdOptions = {}): ControlEnv<DmsdStart> {
  checkOptions("dmsdEnv", options, { mass: { kind: "number", above: 0 } });
  const { mass = 20 } = options;
  return environment<DmsdState, DmsdStart>("DMSD", {
    begin(random, start) {
      if (start) return dmsdStart(start);
      const within = (bound: number): number => bound * (2 * random.uniform() - 1);
      const targets = [0, 1].map((): [number, number] => {
        const first = within(1.5);
        return [first, random.integer(2) === 0 ? first : within(1.5)];
      });
      return { x: [within(0.25), within(0.25)], v: [within(0.1), within(0.1)], targets, steps: 0 };
    },
    move(state, action) {
      const [x1 = 0, x2 = 0] = state.x;
      const [v1 = 0, v2 = 0] = state.v;
      const force = action.map((value) => ((value + 1) / 2) * 60 - 30);
      const pull = (x: number, other: number, v: number, otherV: number): number =>
        -2 * SPRING * x + SPRING * other - 2 * DAMPER * v + DAMPER * otherV;
      const change = [pull(x1, x2, v1, v2) + (force[0] ?? 0), pull(x2, x1, v2, v1) + (force[1] ?? 0)];
      state.x.splice(0, 2, x1 + DT * v1, x2 + DT * v2);
      state.v.splice(0, 2, v1 + (DT * (change[0] ?? 0)) / mass, v2 + (DT * (change[1] ?? 0)) / mass);
      state.steps += 1;
    },
    observe: ({ x, v, targets, steps }) =>
      Float64Array.of(...x, ...v, ...targets.map(([before, after]) => (steps < SWITCH ? before : after))),
    hidden: ({ targets }) => ({ targets: targets.flat() }),
  });
}

function dmsdStart({ state, target }: DmsdStart): DmsdState {
  for (const [name, numbers, length] of [["state", state, 4] as const, ["target", target, 2] as const]) {
    if (numbers.length === length && numbers.every((value) => Number.isFinite(value))) continue;
    refuse("dmsdEnv.reset", `${name} is [${numbers.join(", ")}]`, `pass ${length} finite numbers`);
  }
  const targets = target.map((value): [number, number] => [value, value]);
  return { x: state.slice(0, 2), v: state.slice(2), targets, steps: 0 };
}
