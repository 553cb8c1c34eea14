/**
 * Methods that change an algorithm: each replaces some seams or wraps what is there. `compose` puts them together and
 * refuses two that claim one seam in ways that cannot both hold.
 */
import type { Advantage } from "./advantage.ts";
import {
  type Algorithm,
  baseName,
  type Choice,
  complete,
  describe,
  type FitCheck,
  methodAt,
  SEAMS,
  type SeamClaim,
  type SeamClaims,
  type SeamName,
} from "./algorithm.ts";
import type { Curriculum } from "./curriculum.ts";
import type { Statistic } from "./models.ts";
import type { Objective } from "./objective.ts";
import { refuse } from "./refuse.ts";
import type { Reward } from "./reward.ts";
import type { Rollout } from "./rollout.ts";
import type { Update } from "./update.ts";

/** What stands at each seam. */
export interface SeamFunctions {
  readonly curriculum: Curriculum;
  readonly rollout: Rollout;
  readonly reward: Reward;
  readonly advantage: Advantage;
  readonly objective: Objective;
  readonly update: Update;
}

/** For some seams, a function from what is there to what shall be there. */
export type SeamWrappers = { readonly [S in SeamName]?: (inner: SeamFunctions[S]) => SeamFunctions[S] };

/** A method that is a change of an algorithm rather than a whole one. */
export interface AlgorithmChange {
  readonly name: string;
  /** Seams that the method claims whole: no other method may replace them, nor have wrapped them before. */
  readonly replaces?: Partial<SeamFunctions>;
  /** Seams whose function the method keeps and adds to; several methods may, in the order of `compose`. */
  readonly wraps?: SeamWrappers;
  /** Added to the algorithm's own, as in {@link Algorithm.statistics}. */
  readonly statistics?: Readonly<Record<string, Statistic>>;
  readonly referenceStatistics?: Readonly<Record<string, Statistic>>;
  readonly extraPromptTokens?: number;
  /** Asked with the algorithm's own, as in {@link Algorithm.fits}. */
  readonly fits?: FitCheck;
  /** All it does goes through the advantages: refused on an objective that does not read them. */
  readonly through?: "advantages";
  /** Its advantages differ between the tokens of a row: refused beside an objective that takes one per row. */
  readonly makes?: "token advantages";
  /** Choices that the algorithm below must have made, by name, for the method to be what it says. */
  readonly expects?: Readonly<Record<string, Choice["value"]>>;
  readonly choices: readonly Choice[];
  /** A whole algorithm has these, and is no change of one. */
  readonly advantage?: never;
  readonly objective?: never;
}

/**
 * Applies changes to an algorithm, from left to right: `compose(grpo(), ucas(), steer())`.
 *
 * @throws UsageError for a whole algorithm among the changes and for what is no change; naming both methods when one replaces
 *   a seam that another replaced or wrapped (also within the base, where that was composed), or one half of an inseparable
 *   base, changes advantages that nothing reads, gives tokens advantages of their own where the objective takes one per row, expects a choice that is not there, or when two need different statistics
 *   under one name
 */
export function compose(base: Algorithm, ...changes: readonly AlgorithmChange[]): Algorithm {
  complete(base); // refuses what is no algorithm
  let algorithm: Algorithm = base;
  for (const change of changes) {
    checkChange(change);
    if (base.inseparable === true) keepWhole(base.name, change);
    checkFit(algorithm, change);
    algorithm = { ...apply(algorithm, change), claims: claimed(algorithm, change) };
    checkRowAdvantages(algorithm);
  }
  return algorithm;
}

const CHANGE_PARTS: ReadonlySet<string> = new Set<keyof AlgorithmChange>([
  ...(["name", "replaces", "wraps", "statistics", "referenceStatistics", "extraPromptTokens"] as const),
  ...(["fits", "through", "makes", "expects", "choices"] as const),
]);

function checkChange(change: AlgorithmChange): void {
  const given: unknown = change;
  const remedy = "pass what a method such as ucas() returns";
  if (typeof given === "function")
    refuse("compose", `a change is the function ${given.name}`, `call it: ${given.name}()`);
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    refuse("compose", `a change is ${Array.isArray(given) ? "a list" : String(given)}`, remedy);
  }
  if ("advantage" in given || "objective" in given) {
    refuse("compose", `${change.name} is a whole algorithm, no change of one`, "put it first, or use it alone");
  }
  const { name, choices, replaces = {}, wraps = {} }: Partial<AlgorithmChange> = change;
  if (typeof name !== "string" || !Array.isArray(choices)) {
    refuse("compose", `a change has the name ${String(name)} and ${String(choices)} for choices`, remedy);
  }
  const known: ReadonlySet<string> = new Set(SEAMS);
  const odd =
    Object.keys(given).find((part) => !CHANGE_PARTS.has(part)) ??
    [...Object.keys(replaces), ...Object.keys(wraps)].find((seam) => !known.has(seam));
  if (odd !== undefined) refuse("compose", `${name} has a part "${odd}"`, `name seams: ${SEAMS.join(", ")}`);
}

/** Refuses a change whose effect would be lost, or another one than it says, on what stands there. */
function checkFit(
  { name: base, choices, objective }: Algorithm,
  { name, through, expects = {} }: AlgorithmChange,
): void {
  if (through === "advantages" && objective.needs.advantages === "none") {
    refuse("compose", `${name} changes advantages, which the objective of ${base} does not read`, "use one of them");
  }
  for (const [choice, value] of Object.entries(expects)) {
    const found = choices.find((made) => made.name === choice || made.name.endsWith(`.${choice}`))?.value ?? "none";
    if (found === value) continue;
    refuse(
      "compose",
      `${name} is made for ${choice} ${value}, ${base} has ${found}`,
      `set ${choice} to ${value} there`,
    );
  }
}

/** Refuses an objective of rows over advantages of tokens: at the first step it would refuse those itself. */
function checkRowAdvantages(algorithm: Algorithm): void {
  const { tokenAdvantages, objective } = algorithm;
  if (tokenAdvantages === undefined || objective.needs.advantages !== "row") return;
  const given = `${tokenAdvantages} gives the tokens of a row advantages of their own`;
  refuse(
    "compose",
    `${given}, the objective of ${methodAt(algorithm, "objective")} takes one per row`,
    "use one of them",
  );
}

function keepWhole(base: string, { name, replaces }: AlgorithmChange): void {
  const [advantage, objective] = [replaces?.advantage !== undefined, replaces?.objective !== undefined];
  if (advantage === objective) return;
  const seam = advantage ? "advantage" : "objective";
  refuse(
    "compose",
    `${name} replaces the ${seam} of ${base}, whose other half needs it`,
    "start from another algorithm",
  );
}

/** The claims with those of a change; refuses a replacement of what another has replaced or wrapped. */
function claimed({ name: below, claims = {} }: Algorithm, { name, replaces, wraps }: AlgorithmChange): SeamClaims {
  const held: Partial<Record<SeamName, SeamClaim>> = { ...claims };
  for (const seam of SEAMS) {
    const before = claims[seam];
    if (replaces?.[seam] !== undefined) {
      if (before !== undefined) {
        const done = before.how === "replaces" ? "replaces it too" : "has wrapped it";
        const remedy = before.how === "replaces" ? "use one of them" : `put ${name} before ${before.by}`;
        refuse("compose", `${name} replaces the ${seam}, and ${before.by} ${done}`, remedy);
      }
      held[seam] = { by: name, how: "replaces", methods: [name] };
    } else if (wraps?.[seam] !== undefined) {
      held[seam] = { by: name, how: "wraps", methods: [...(before?.methods ?? [baseName(below)]), name] };
    }
  }
  return held;
}

function apply(algorithm: Algorithm, change: AlgorithmChange): Algorithm {
  const { name, replaces = {}, wraps = {} } = change;
  const label = labelOf(name, algorithm.choices);
  const { tokenAdvantages: before, ...kept } = algorithm;
  const replaced: Algorithm = { ...kept, ...replaces };
  const ofTokens = change.makes ? name : replaces.advantage ? undefined : before;
  const seams = { ...complete(replaced), update: replaced.update ?? noUpdate };
  const wrapped = {
    ...(wraps.curriculum && { curriculum: wraps.curriculum(seams.curriculum) }),
    ...(wraps.rollout && { rollout: wraps.rollout(seams.rollout) }),
    ...(wraps.reward && { reward: wraps.reward(seams.reward) }),
    ...(wraps.advantage && { advantage: wraps.advantage(seams.advantage) }),
    ...(wraps.objective && { objective: wraps.objective(seams.objective) }),
    ...(wraps.update && { update: wraps.update(seams.update) }),
  };
  const gone = (choice: Choice): boolean => replaces[choice.seam] !== undefined;
  const extra = Math.max(algorithm.extraPromptTokens ?? 0, change.extraPromptTokens ?? 0);
  return {
    ...replaced,
    ...wrapped,
    name: `${algorithm.name} + ${name}`,
    ...(extra > 0 && { extraPromptTokens: extra }),
    ...(change.fits && { fits: bothFit(algorithm.fits, change.fits) }),
    ...(ofTokens !== undefined && { tokenAdvantages: ofTokens }),
    statistics: joinStatistics(algorithm.name, algorithm.statistics, name, change.statistics),
    referenceStatistics: joinStatistics(
      algorithm.name,
      algorithm.referenceStatistics,
      name,
      change.referenceStatistics,
    ),
    choices: [...algorithm.choices.filter((choice) => !gone(choice)), ...change.choices.map((c) => named(c, label))],
  };
}

function bothFit(a: FitCheck | undefined, b: FitCheck): FitCheck {
  return (task, tokenizer) => {
    a?.(task, tokenizer);
    b(task, tokenizer);
  };
}

/** A method's name; numbered where it is there already, so that no two choices have one name. */
function labelOf(name: string, choices: readonly Choice[]): string {
  const taken = (label: string): boolean => choices.some((choice) => choice.name.startsWith(`${label}.`));
  if (!taken(name)) return name;
  let number = 2;
  while (taken(`${name} (${number})`)) number++;
  return `${name} (${number})`;
}

/** Choices of a change bear its name, so that two methods' `lambda` can be told apart. */
function named(choice: Choice, method: string): Choice {
  return { ...choice, name: `${method}.${choice.name}` };
}

function noUpdate(): { readonly changed: false } {
  return { changed: false };
}

type Statistics = Readonly<Record<string, Statistic>> | undefined;

function joinStatistics(aName: string, a: Statistics, bName: string, b: Statistics): Record<string, Statistic> {
  for (const [name, statistic] of Object.entries(b ?? {})) {
    const other = a?.[name] ?? statistic;
    if (other === statistic) continue;
    refuse("compose", `${aName} and ${bName} need different statistics named "${name}"`, "rename one of them");
  }
  return { ...a, ...b };
}

/** A choice that two algorithms make differently; undefined where one does not make it. */
export interface ChoiceDifference {
  readonly seam: SeamName;
  readonly name: string;
  readonly a: Pick<Choice, "value" | "source"> | undefined;
  readonly b: Pick<Choice, "value" | "source"> | undefined;
}

/** The choices in which two algorithms differ, in the order of the seams. */
export function diff(a: Algorithm, b: Algorithm): readonly ChoiceDifference[] {
  const [ofA, ofB] = [describe(a), describe(b)];
  const key = ({ seam, name }: Choice): string => `${seam} ${name}`;
  const inB = new Map(ofB.map((choice) => [key(choice), choice]));
  const inA = new Set(ofA.map(key));
  const all = [
    ...ofA.map((choice) => ({ seam: choice.seam, name: choice.name, a: choice, b: inB.get(key(choice)) })),
    ...ofB.filter((choice) => !inA.has(key(choice))).map((b) => ({ seam: b.seam, name: b.name, a: undefined, b })),
  ];
  const apart = all.filter((row) => row.a?.value !== row.b?.value);
  return SEAMS.flatMap((seam) => apart.filter((row) => row.seam === seam));
}
