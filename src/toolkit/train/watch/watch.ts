/**
 * Looks at every step for what goes wrong in the middle of a run: entropy, length, repetition, rewards that are not for
 * being right, slow verifiers. A sign becomes an event of the step's record, with samples, once: again only after a step
 * without it.
 */
import { checkOptions, withDefaults } from "../../options.ts";
import { refuse } from "../../refuse.ts";
import type { Rewards } from "../../reward.ts";
import type { Rollouts } from "../../rollout.ts";
import type { Json } from "../../seam.ts";
import type { StepEvent, StepRecord } from "../record.ts";
import { lowest, SIGNS, type Sign } from "./signs.ts";

/** From where on the built-in rules speak. */
export interface WatchThresholds {
  /** Entropy below this share of the run's first is a collapse. Default 0.1: that of `collapseForecast`. */
  readonly entropyFall: number;
  /** Entropy above this multiple of the run's first is an explosion. Default 2: our choice, far outside a healthy run. */
  readonly entropyRise: number;
  /** Mean length above this multiple of the first step's. Default 2: our choice; memory and time double with it. */
  readonly lengthRise: number;
  /** Share of completions cut off at the limit. Default 0.5: our choice; half of the samples cannot be right. */
  readonly cutOff: number;
  /**
   * Rise of the share of repeated 4-grams in rewarded completions above the first step's. The measure is seq-rep-4 of
   * Welleck et al. 2020, arXiv:1908.04319, section 6. Default 0.2: our choice, a fifth of the text.
   */
  readonly repetitionRise: number;
  /**
   * Correlation of reward and length within groups, where lengths also rose by a quarter since the first step. Default 0.5:
   * our choice; length then explains a quarter of the reward's variance.
   */
  readonly lengthCorrelation: number;
  /** Share of the completions rewarded above the step's mean that the verifier calls wrong or unreadable. Default 0.1: our choice. */
  readonly rewardedUnread: number;
  /** Share of rewarded completions that are one text, given to three or more problems with other answers. Default 0.5: our choice. */
  readonly oneAnswer: number;
  /** Time of one verdict, ms. Default 1000: our choice; 256 such completions cost a step four minutes. */
  readonly verdictMs: number;
}

const THRESHOLDS: WatchThresholds = {
  entropyFall: 0.1,
  entropyRise: 2,
  lengthRise: 2,
  cutOff: 0.5,
  repetitionRise: 0.2,
  lengthCorrelation: 0.5,
  rewardedUnread: 0.1,
  oneAnswer: 0.5,
  verdictMs: 1000,
};

/** A step as rules see it. */
export interface WatchedStep {
  readonly step: number;
  readonly metrics: StepRecord["metrics"];
  readonly timing: StepRecord["timing"];
  readonly rollouts: Rollouts;
  readonly rewards: Rewards;
  /** The same metrics of the steps before, oldest first; of a resumed run since it was resumed. */
  readonly history: readonly StepRecord["metrics"][];
}

/**
 * A rule of one's own: what it returns is an event of kind "rule"; undefined: nothing to tell. Where it gives no samples, those
 * with the lowest rewards are attached.
 */
export type WatchRule = (seen: WatchedStep) => Omit<StepEvent, "kind"> | undefined;

export interface WatchOptions {
  /** Defaults: see {@link WatchThresholds}. */
  readonly thresholds?: Partial<WatchThresholds>;
  /** Rules of one's own. Default none. */
  readonly rules?: readonly WatchRule[];
  /** Kinds of events that pause the run: it ends after that step, whole and with a checkpoint. Default none. */
  readonly pauseOn?: readonly StepEvent["kind"][];
}

const KINDS: Readonly<Record<StepEvent["kind"], true>> = {
  preflight: true,
  "no-gradient": true,
  unscored: true,
  "all-cut-off": true,
  rollout: true,
  advantage: true,
  skipped: true,
  diverged: true,
  "entropy-collapse": true,
  "entropy-explosion": true,
  "length-explosion": true,
  truncation: true,
  repetition: true,
  "reward-follows-length": true,
  "rewarded-unread": true,
  "one-answer-for-all": true,
  "verifier-slow": true,
  rule: true,
};

/** @throws UsageError for an unknown option, threshold or kind of event */
export function checkWatchOptions(options: WatchOptions): void {
  checkOptions("train, watch", options, {
    thresholds: { kind: "object" },
    rules: { kind: "array" },
    pauseOn: { kind: "array" },
  });
  const names = Object.keys(THRESHOLDS).map((name) => [name, { kind: "number", min: 0 }] as const);
  checkOptions("train, watch.thresholds", options.thresholds ?? {}, Object.fromEntries(names));
  for (const kind of options.pauseOn ?? []) {
    if (Object.hasOwn(KINDS, kind)) continue;
    refuse("train, watch", `pauseOn has ${JSON.stringify(kind)}`, `pass some of ${Object.keys(KINDS).join(", ")}`);
  }
  for (const rule of options.rules ?? []) {
    if (typeof rule !== "function") refuse("train, watch", `a rule is ${String(rule)}`, "pass functions");
  }
}

/** What the first step was like, and which signs the last one had. */
interface WatchState {
  first: Record<string, number>;
  present: string[];
}

export interface Watch {
  /** Events of a step. */
  look(seen: Omit<WatchedStep, "history">): StepEvent[];
  /** For the checkpoint. */
  save(): Json;
}

/** @param saved what `save` returned in an earlier process */
export function createWatch(options: WatchOptions = {}, saved?: Json): Watch {
  const thresholds = withDefaults(THRESHOLDS, options.thresholds ?? {});
  const state: WatchState = saved === undefined ? { first: {}, present: [] } : restored(saved);
  const history: StepRecord["metrics"][] = [];
  return {
    look(step) {
      const seen: WatchedStep = { ...step, history };
      const signs = SIGNS.flatMap((sign): StepEvent[] => lookFor(sign, seen, state, thresholds));
      const own = (options.rules ?? []).flatMap((rule): StepEvent[] => {
        const found = rule(seen);
        return found === undefined ? [] : [{ samples: lowest(seen), ...found, kind: "rule" }];
      });
      const fresh = signs.filter(({ kind }) => !state.present.includes(kind));
      state.present = signs.map(({ kind }) => kind);
      history.push(step.metrics);
      return [...fresh, ...own];
    },
    save: () => ({ first: { ...state.first }, present: [...state.present] }),
  };
}

function lookFor(
  { kind, measure, tell }: Sign,
  seen: WatchedStep,
  state: WatchState,
  thresholds: WatchThresholds,
): StepEvent[] {
  const now = measure(seen);
  if (now === undefined || !Number.isFinite(now.value)) return [];
  state.first[kind] ??= now.value;
  const message = tell({
    now: now.value,
    first: state.first[kind] ?? now.value,
    firsts: state.first,
    seen,
    thresholds,
  });
  return message === undefined ? [] : [{ kind, message, samples: now.samples() }];
}

function restored(saved: Json): WatchState {
  const { first, present } = Object(saved) as Partial<WatchState>;
  if (typeof first !== "object" || !Array.isArray(present)) {
    return refuse("train", "the saved state of the watch is damaged", "resume from an earlier checkpoint");
  }
  return { first: { ...first }, present: [...present] };
}

/** The first event that `pauseOn` names, if there is one. */
export function pausingEvent(
  { pauseOn = [] }: WatchOptions = {},
  events: readonly StepEvent[] = [],
): StepEvent | undefined {
  return events.find(({ kind }) => pauseOn.includes(kind));
}
