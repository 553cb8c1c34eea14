/**
 * A grid with a switch in each corner, in place of the kitchen: elements that are done or not at every step, targets that the logs
 * cover or do not, and logs of people who show a task or play around. Our construction.
 */
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import type { KitchenEpisode } from "./kitchen.ts";

export interface SwitchWorldOptions {
  /** Side of the grid. From 2 to 9. Default 5. */
  readonly side?: number;
  /** Steps of an episode. Default 40. */
  readonly limit?: number;
}

/** Names of the switches: corners in reading order. */
const SWITCHES = ["a", "b", "c", "d"] as const;
type SwitchName = (typeof SWITCHES)[number];

/** Up, down, left, right, toggle the switch that stands here. */
const ACTIONS = 5;
const TOGGLE = 4;

interface SwitchStep {
  /** 0 to side² · 16 − 1: place and switches. */
  readonly state: number;
  readonly completion: Readonly<Record<SwitchName, 0 | 1>>;
  /** The limit is reached. */
  readonly done: boolean;
}

export interface SwitchWorld {
  readonly states: number;
  readonly actions: number;
  readonly switches: readonly SwitchName[];
  readonly side: number;
  /** A new episode at a place drawn by the seed, all switches off. */
  reset(seed: number): SwitchStep;
  /** @throws UsageError for an action other than 0 to 4, and after the limit */
  step(action: number): SwitchStep;
}

export function switchWorld(options: SwitchWorldOptions = {}): SwitchWorld {
  checkOptions("switchWorld", options, {
    side: { kind: "integer", min: 2, max: 9 },
    limit: { kind: "integer", min: 1 },
  });
  const { side = 5, limit = 40 } = options;
  let [place, bits, left] = [0, 0, 0];
  const look = (): SwitchStep => ({
    state: place * 16 + bits,
    completion: Object.fromEntries(SWITCHES.map((name, i) => [name, (bits >> i) & 1])) as SwitchStep["completion"],
    done: left === 0,
  });
  return {
    states: side * side * 16,
    actions: ACTIONS,
    switches: SWITCHES,
    side,
    reset(seed) {
      place = rng({ seed, stream: "d5rl/switch-world" }).integer(side * side);
      [bits, left] = [0, limit];
      return look();
    },
    step(action) {
      if (!Number.isInteger(action) || action < 0 || action >= ACTIONS) {
        refuse("switchWorld.step", `the action is ${String(action)}`, "pass 0 to 4");
      }
      if (left === 0) refuse("switchWorld.step", "there is no episode", "reset first");
      left -= 1;
      const corner = cornersOf(side).indexOf(place);
      if (action !== TOGGLE) place = moved(place, action, side);
      else if (corner >= 0) bits ^= 1 << corner;
      return look();
    },
  };
}

function cornersOf(side: number): number[] {
  return [0, side - 1, side * (side - 1), side * side - 1];
}

/** Walls hold: a move into one stays. */
function moved(place: number, action: number, side: number): number {
  const [row, column] = [Math.floor(place / side), place % side];
  const [down, right] = [[-1, 0] as const, [1, 0] as const, [0, -1] as const, [0, 1] as const][action] ?? [0, 0];
  const held = (at: number): number => Math.min(Math.max(at, 0), side - 1);
  return held(row + down) * side + held(column + right);
}

export interface SwitchLogOptions {
  readonly world: SwitchWorld;
  /** "demo" turns the given switches on, in their order; "play" goes from one switch to another at random and toggles. */
  readonly kind: "demo" | "play";
  /** What demonstrations are of. Default: the first three; play needs none. */
  readonly targets?: readonly string[];
  readonly episodes: number;
  readonly seed: number;
  /** Share of steps taken at random. Default 0.1. */
  readonly noise?: number;
}

export interface SwitchLog {
  /** [T + 1] */
  readonly states: readonly number[];
  /** [T] */
  readonly actions: readonly number[];
  /** [T] after each action. */
  readonly episode: KitchenEpisode;
}

/** Logged episodes, whole. @throws UsageError for a target that is no switch */
export function switchLogs(options: SwitchLogOptions): SwitchLog[] {
  checkOptions("switchLogs", options, {
    world: { kind: "object", required: true },
    kind: { kind: "either", values: ["demo", "play"], required: true },
    targets: { kind: "array" },
    episodes: { kind: "integer", min: 1, required: true },
    seed: { kind: "integer", min: 0, required: true },
    noise: { kind: "number", min: 0, max: 1 },
  });
  const { world, kind, targets = SWITCHES.slice(0, 3), episodes, seed, noise = 0.1 } = options;
  const goals = targets.map((target) => {
    const at = (SWITCHES as readonly string[]).indexOf(target);
    return at >= 0 ? at : refuse("switchLogs", `there is no switch "${target}"`, `pass ${SWITCHES.join(", ")}`);
  });
  return Array.from({ length: episodes }, (_, row) => {
    const random = rng({ seed, stream: `d5rl/switch-logs/${kind}`, row });
    let now = world.reset(random.integer(2 ** 31));
    const log = { states: [now.state], actions: [] as number[], episode: [] as SwitchStep["completion"][] };
    let goal = random.integer(SWITCHES.length);
    while (!now.done) {
      const bits = now.state % 16;
      if (kind === "demo") goal = goals.find((one) => ((bits >> one) & 1) === 0) ?? -1;
      const action = random.uniform() < noise ? random.integer(ACTIONS) : toward(now.state, goal, world.side, random);
      now = world.step(action);
      if (kind === "play" && action === TOGGLE) goal = random.integer(SWITCHES.length);
      log.states.push(now.state);
      log.actions.push(action);
      log.episode.push(now.completion);
    }
    return log;
  });
}

/** The next action on the way to a corner and its switch; without a goal, a move that toggles nothing. */
function toward(state: number, goal: number, side: number, random: Rng): number {
  const place = Math.floor(state / 16);
  const corner = cornersOf(side)[goal];
  if (corner === undefined) return random.integer(TOGGLE);
  const [rows, columns] = [Math.floor(corner / side) - Math.floor(place / side), (corner % side) - (place % side)];
  const moves = [...(rows !== 0 ? [rows < 0 ? 0 : 1] : []), ...(columns !== 0 ? [columns < 0 ? 2 : 3] : [])];
  return moves.length === 0 ? TOGGLE : random.pick(moves);
}
