/**
 * An algorithm: a plain object with one function per seam of the training step. A seam left out takes its default.
 */
import type { Advantage } from "./advantage.ts";
import { type Curriculum, freshProblems } from "./curriculum.ts";
import type { Statistic } from "./models.ts";
import { checkNeeds, type Objective } from "./objective.ts";
import type { Tokenizer } from "./policy/tokenizer.ts";
import { refuse } from "./refuse.ts";
import { type Reward, verifiedReward } from "./reward.ts";
import { type ExtraColumns, type Rollout, type Rollouts, sampleCompletions } from "./rollout.ts";
import type { Task } from "./tasks/task.ts";
import type { Update } from "./update.ts";

/** The seams, in the order in which a step crosses them. */
export const SEAMS = ["curriculum", "rollout", "reward", "advantage", "objective", "update"] as const;
export type SeamName = (typeof SEAMS)[number];

/** One decision that an algorithm makes, such as a clip range. */
export interface Choice {
  readonly seam: SeamName;
  readonly name: string;
  readonly value: string | number | boolean;
  /** Where the value comes from: a paper's section, a library's default, "given", or "our choice" with the reason. */
  readonly source: string;
}

/** For each option of a method: the seam that it belongs to, and the source of its default. */
export type ChoiceSources<K extends string> = Readonly<Record<K, readonly [seam: SeamName, source: string]>>;

/**
 * A method's options as choices. @param settings what holds @param given what the caller passed; its source is "given"
 */
export function choicesOf<K extends string>(
  sources: ChoiceSources<K>,
  settings: Readonly<Record<K, Choice["value"]>>,
  given: Readonly<Partial<Record<K, unknown>>>,
): Choice[] {
  const names = Object.keys(sources) as K[];
  return names.map((name) => {
    const [seam, source] = sources[name];
    return { seam, name, value: settings[name], source: given[name] === undefined ? source : "given" };
  });
}

/**
 * Options without a short form, such as functions, as choices: "given", or what stands there otherwise.
 *
 * @param defaults of each: its seam, what the default does, and its source
 */
export function givenChoices(
  options: object,
  defaults: Readonly<Record<string, readonly [seam: SeamName, value: string, source: string]>>,
): Choice[] {
  return Object.entries(defaults).map(([name, [seam, value, source]]) => {
    const given = Reflect.get(options, name) !== undefined;
    return { seam, name, value: given ? "given" : value, source: given ? "given" : source };
  });
}

/**
 * An algorithm that is another one with some settings: with a name of its own, and its own sources of what it sets.
 *
 * @param sources by name of choice @param given what the caller passed; its source stays "given"
 */
export function preset(
  base: Algorithm,
  name: string,
  sources: Readonly<Record<string, string>>,
  given: Readonly<Record<string, unknown>> | object,
): Algorithm {
  const passed = new Set(Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [key])));
  const choices = base.choices.map((choice) => {
    const source = sources[choice.name];
    return source === undefined || passed.has(choice.name) ? choice : { ...choice, source };
  });
  return { ...base, name, choices };
}

/** @throws UsageError with the reason and the remedy */
export type FitCheck = (task: Task, tokenizer: Tokenizer) => void;

export interface Algorithm {
  readonly name: string;
  /** Default: fresh problems of the train split. */
  readonly curriculum?: Curriculum;
  /** Default: independent samples. */
  readonly rollout?: Rollout;
  /** Default: the task's verifier. */
  readonly reward?: Reward;
  readonly advantage: Advantage;
  readonly objective: Objective;
  /** Default: the optimizer's step alone. */
  readonly update?: Update;
  /**
   * Per-token numbers that the advantage and the objective need of the policy that sampled, by name; all are worked out
   * once a step, in one forward pass.
   */
  readonly statistics?: Readonly<Record<string, Statistic>>;
  /** The same under the policy that the run started from. */
  readonly referenceStatistics?: Readonly<Record<string, Statistic>>;
  /** Tokens by which a trained row's prompt may be longer than the task's longest. Default 0. */
  readonly extraPromptTokens?: number;
  /** Refuses a task, or the policy's tokenizer, that the method cannot work with; asked before a run does anything. */
  readonly fits?: FitCheck;
  /** Its objective reads what its own advantage writes beside advantages: a change of one of the two is refused. */
  readonly inseparable?: true;
  /** Method of it whose advantages differ between the tokens of a row, where that is known. */
  readonly tokenAdvantages?: string;
  /**
   * The columns that its rollout function adds, for completions that another method drew: `recompute` asks it for those
   * which are not stored. Left out: it cannot be recomputed on them.
   */
  readonly rolloutColumns?: (rollouts: Rollouts) => ExtraColumns;
  /** Which methods have replaced or wrapped its seams, where it was composed of some; `compose` goes on from there. */
  readonly claims?: SeamClaims;
  /** What the algorithm decides, for {@link describe}. */
  readonly choices: readonly Choice[];
}

/** A method that holds a seam. */
export interface SeamClaim {
  readonly by: string;
  readonly how: "replaces" | "wraps";
  /** All methods that stand there, the innermost first. */
  readonly methods: readonly string[];
}

export type SeamClaims = Readonly<Partial<Record<SeamName, SeamClaim>>>;

/** Whose function stands at a seam, for messages: `"cepo"`, or `"grpo, ucas"` where one is around another. */
export function methodAt({ name, claims }: Pick<Algorithm, "name" | "claims">, seam: SeamName): string {
  return claims?.[seam]?.methods.join(", ") ?? baseName(name);
}

/** What stands before the changes in the name that `compose` gives. */
export function baseName(name: string): string {
  return name.split(" + ", 1)[0] ?? name;
}

/** An algorithm whose seams all have a function; the update alone may be absent. */
export interface CompleteAlgorithm extends Algorithm {
  readonly curriculum: Curriculum;
  readonly rollout: Rollout;
  readonly reward: Reward;
}

const DEFAULT_CHOICES: readonly Choice[] = [
  {
    seam: "curriculum",
    name: "curriculum",
    value: "problems drawn anew each step",
    source: "our choice: a step depends on no other",
  },
  { seam: "rollout", name: "rollout", value: "independent samples", source: "arXiv:2402.03300, section 4.1" },
  { seam: "reward", name: "reward", value: "verifier's score", source: "the task" },
  { seam: "update", name: "update", value: "none", source: "arXiv:2402.03300, section 4.1" },
];

const PARTS: ReadonlySet<string> = new Set<keyof Algorithm>([
  "name",
  ...SEAMS,
  ...(["statistics", "referenceStatistics", "extraPromptTokens", "inseparable"] as const),
  ...(["tokenAdvantages", "rolloutColumns", "fits", "claims", "choices"] as const),
]);

/** Fills in the default of every seam that is left out. */
export function complete(algorithm: Algorithm): CompleteAlgorithm {
  const given: unknown = algorithm;
  if (typeof given !== "object" || given === null) {
    refuse("algorithm", `the algorithm is ${String(given)}`, "pass an object such as grpo()");
  }
  const odd = Object.keys(given).find((part) => !PARTS.has(part));
  if (odd !== undefined) refuse("algorithm", `there is no part "${odd}"`, `known: ${[...PARTS].join(", ")}`);
  const { advantage, objective }: Partial<Algorithm> = algorithm;
  const missing = advantage === undefined ? "advantage" : "objective";
  if (advantage === undefined || typeof objective?.loss !== "function") {
    refuse("algorithm", `there is no ${missing}`, "pass an object such as grpo()");
  }
  checkNeeds(algorithm.name, objective.needs);
  return {
    ...algorithm,
    curriculum: algorithm.curriculum ?? freshProblems,
    rollout: algorithm.rollout ?? sampleCompletions,
    reward: algorithm.reward ?? verifiedReward,
  };
}

/** What {@link describe} tells of: an algorithm, or a change of one, such as `ucas()`. */
export type Described =
  | Algorithm
  | {
      readonly name: string;
      readonly choices: readonly Choice[];
      readonly advantage?: never;
      readonly objective?: never;
    };

/** Every choice of an algorithm with its value and source, in the order of the seams, so that two can be compared. */
export function describe(algorithm: Described): readonly Choice[] {
  const all =
    algorithm?.objective === undefined && Array.isArray(algorithm?.choices) ? algorithm.choices : whole(algorithm);
  return SEAMS.flatMap((seam) => all.filter((choice) => choice.seam === seam));
}

function whole(given: Described): readonly Choice[] {
  const algorithm = complete(given as Algorithm); // refuses what is none
  const open = DEFAULT_CHOICES.filter(({ seam }) => given[seam as keyof Described] === undefined);
  return [...algorithm.choices, ...open];
}
