/** Problems to ask about, out of stored completions: the right ones and the wrong ones that were sampled. */
import { checkOptions } from "../options.ts";
import type { ProbedProblem } from "../probe/probed-problems.ts";
import type { ImportedProblem, ImportedSet } from "./import/collect.ts";

export interface ProbedSamplesOptions {
  /** Problems at most, spread evenly over the sets. Default 24. */
  readonly most?: number;
  /** Distinct right, and distinct wrong, completions of each at most; the first that there are. Default 4. */
  readonly answers?: number;
  /** Of this step half the problems are taken (all of its own where it has fewer), where it is among the sets. */
  readonly step?: number;
}

export interface ProbedSamples {
  readonly problems: readonly ProbedProblem[];
  /** Problems seen, and how many of them could not be asked about: without a right completion, or without a prompt. */
  readonly seen: number;
  readonly withoutRight: number;
  readonly withoutPrompt: number;
}

/** A problem's completions of several sets together. Completions without a score are neither right nor wrong. */
export function probedSamples(sets: readonly ImportedSet[], options: ProbedSamplesOptions = {}): ProbedSamples {
  checkOptions("probedSamples", options, {
    most: { kind: "integer", min: 1 },
    answers: { kind: "integer", min: 1 },
    step: { kind: "integer", min: 0 },
  });
  const { most = 24, answers = 4, step } = options;
  const gathered = new Map<string, Gathered>();
  for (const set of sets) for (const problem of set.problems) gather(gathered, problem, set.step, answers);
  const all = [...gathered.entries()];
  const usable = all.filter(([, { prompt, right }]) => prompt !== undefined && right.size > 0);
  const own = usable.filter(([, { steps }]) => step !== undefined && steps.has(step));
  const first = spread(own, Math.ceil(most / 2));
  const rest = spread(
    usable.filter((entry) => !own.includes(entry)),
    most - first.length,
  );
  const more = spread(
    own.filter((entry) => !first.includes(entry)),
    most - first.length - rest.length,
  );
  const problems = [...first, ...more, ...rest].map(
    ([id, { prompt = "", right, wrong }]): ProbedProblem => ({ id, prompt, right: [...right], wrong: [...wrong] }),
  );
  return {
    problems,
    seen: all.length,
    withoutRight: all.filter(([, { right }]) => right.size === 0).length,
    withoutPrompt: all.filter(([, { prompt, right }]) => prompt === undefined && right.size > 0).length,
  };
}

interface Gathered {
  prompt: string | undefined;
  readonly right: Set<string>;
  readonly wrong: Set<string>;
  readonly steps: Set<number>;
}

function gather(
  into: Map<string, Gathered>,
  { id, prompt, completions = [] }: ImportedProblem,
  step: number | undefined,
  answers: number,
): void {
  const found = into.get(id) ?? { prompt, right: new Set(), wrong: new Set(), steps: new Set() };
  into.set(id, found);
  found.prompt ??= prompt;
  if (step !== undefined) found.steps.add(step);
  for (const { text, score, status } of completions) {
    if (score === null) continue;
    const list = status === "correct" ? found.right : found.wrong;
    if (list.size < answers) list.add(text);
  }
}

/** So many of a list, evenly spaced. */
function spread<T>(items: readonly T[], count: number): T[] {
  const kept = Math.max(0, Math.min(count, items.length));
  return Array.from({ length: kept }, (_, i) => items[Math.floor((i * items.length) / kept)]).filter(
    (item) => item !== undefined,
  );
}
