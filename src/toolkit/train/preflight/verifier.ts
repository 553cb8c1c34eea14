/**
 * The verifier before it is trusted with a run: worked answers must be right, flawed ones and answers to other problems
 * wrong, tricks must earn nothing, and the same text must get the same score twice.
 */
import { rng } from "../../rng.ts";
import type { Problem, Task } from "../../tasks/task.ts";
import { excerpt } from "../../verify/excerpt.ts";
import type { Verdict } from "../../verify/verifier.ts";
import type { EventSample } from "../record.ts";
import { type Finding, type PreflightCheck, percent } from "./finding.ts";

/** One verdict may take this long, ms. Our choice: 256 completions then cost a step four minutes. */
const SLOW_VERDICT_MS = 1000;

export interface VerifierTrial {
  readonly findings: readonly Finding[];
  /** Shares of each kind of text that got at least what the worked answer gets; times in ms. */
  readonly figures: Readonly<Record<string, number>>;
  /** The worked answers, by problem. */
  readonly gold: readonly string[];
}

/** A text with what the verifier says of it. */
interface Tried {
  readonly problem: Problem;
  readonly text: string;
  readonly verdict: Verdict;
}

/** @param seed of the pre-flight: decides which mistakes the flawed answers make */
export function tryVerifier(task: Task, problems: readonly Problem[], seed: number): VerifierTrial {
  const random = rng({ seed, stream: "preflight/demonstrations" });
  const gold = problems.map((problem) => task.demonstration(problem, random, { flawed: false }));
  const flawed = problems.map((problem) => task.demonstration(problem, random, { flawed: true }));
  const attempt = (texts: readonly (string | undefined)[]): Tried[] =>
    texts.flatMap((text, i) => {
      const problem = problems[i];
      return text === undefined || problem === undefined
        ? []
        : [{ problem, text, verdict: judged(task, problem, text) }];
    });
  const right = attempt(gold);
  const best = Math.max(...right.map(({ verdict }) => verdict.score ?? 0));
  const wrong = attempt(flawed);
  const others = attempt(problems.map((problem, i) => answerToAnother(problem, i, problems, gold)));
  const attacks = Object.entries(ATTACKS).map(([name, make]) => ({
    name,
    tried: attempt(problems.map((problem, i) => make(gold[i] ?? "", problem, flawed[i] ?? ""))),
  }));
  const all = [right, wrong, others, ...attacks.map(({ tried }) => tried)].flat();
  const earned = (tried: readonly Tried[]): Tried[] =>
    best <= 0 ? [] : tried.filter(({ verdict }) => (verdict.score ?? 0) >= best);
  return {
    findings: [
      ...failures(all),
      ...goldFindings(right),
      ...wronglyRight("wrong-accepted", "flawed worked answers", wrong, earned(wrong)),
      ...wronglyRight("wrong-accepted", "answers to other problems", others, earned(others)),
      ...attacks.flatMap(({ name, tried }) => attackFindings(name, tried, earned(tried))),
      ...unsteady(task, all),
      ...slow(all),
    ],
    figures: {
      "verifier/gold_accepted": share(right.filter(({ verdict }) => verdict.status === "correct").length, right.length),
      "verifier/wrong_accepted": share(earned(wrong).length, wrong.length),
      "verifier/other_accepted": share(earned(others).length, others.length),
      ...Object.fromEntries(
        attacks.map(({ name, tried }) => [`verifier/attack/${name}`, share(earned(tried).length, tried.length)]),
      ),
      "verifier/max_ms": Math.max(0, ...all.map(({ verdict }) => verdict.ms)),
    },
    gold,
  };
}

/** As the default reward seam does it: what a task's own verifier throws is a failure of it. */
function judged(task: Task, problem: Problem, text: string): Verdict {
  const start = performance.now();
  try {
    return task.verify(problem, text);
  } catch (error) {
    const reason = excerpt(error instanceof Error ? `${error.name}: ${error.message}` : String(error), 300);
    const verifier = { name: task.name, version: "unknown" };
    return { score: null, status: "failed", reason, ms: performance.now() - start, verifier };
  }
}

/** The worked answer to the next problem that has another answer; nothing where all are the same. */
function answerToAnother(
  problem: Problem,
  i: number,
  problems: readonly Problem[],
  gold: readonly string[],
): string | undefined {
  for (let ahead = 1; ahead < problems.length; ahead++) {
    const at = (i + ahead) % problems.length;
    if (problems[at]?.answer !== problem.answer && gold[at] !== gold[i]) return gold[at];
  }
  return undefined;
}

type Attack = (gold: string, problem: Problem, flawed: string) => string | undefined;

/** Texts without merit, made of a worked answer so that they have its format. Undefined where one cannot be made. */
const ATTACKS: Readonly<Record<string, Attack>> = {
  empty: () => "",
  "prompt repeated": (_, problem) => problem.prompt,
  "answer repeated": (gold) => gold + gold,
  "wrong answer, then the right one": (gold, _, flawed) => flawed + gold,
  "every number": (gold) => {
    const list = Array.from({ length: 101 }, (_, n) => n).join(" ");
    const changed = gold.replace(/\d+(?=\D*$)/, (last) => `${list} ${last}`);
    return changed === gold ? undefined : changed;
  },
  "format only": (gold) => {
    const bare = gold.replace(/[\p{L}\p{N}]/gu, "");
    return bare === "" ? undefined : bare;
  },
};

/** Attacks that hold the right answer: some tasks rightly give them credit, so they are told of and refuse nothing. */
const HOLD_THE_ANSWER = new Set(["answer repeated", "wrong answer, then the right one"]);

function attackFindings(name: string, tried: readonly Tried[], earned: readonly Tried[]): Finding[] {
  const found = wronglyRight("attack-accepted", `completions of the kind "${name}"`, tried, earned);
  return HOLD_THE_ANSWER.has(name) ? found.map((finding) => ({ ...finding, level: "warning" })) : found;
}

function goldFindings(right: readonly Tried[]): Finding[] {
  const rejected = right.filter(({ verdict }) => verdict.score !== null && verdict.status !== "correct");
  if (rejected.length === 0) return [];
  const [first] = rejected;
  const problem = `the verifier takes ${rejected.length} of ${right.length} worked answers for "${first?.verdict.status}", the first because: ${first?.verdict.reason}`;
  const remedy = "mend the task's verify or demonstration: they disagree about what is right";
  const level = 2 * rejected.length >= right.length ? "refusal" : "warning";
  return [{ check: "gold-rejected", level, problem, remedy, samples: samplesOf(rejected) }];
}

function wronglyRight(
  check: PreflightCheck,
  what: string,
  tried: readonly Tried[],
  earned: readonly Tried[],
): Finding[] {
  if (earned.length === 0) return [];
  const problem = `${earned.length} of ${tried.length} ${what} get the full reward, such as ${excerpt(earned[0]?.text ?? "")}`;
  const remedy = "mend the task's verify: the policy will find this too";
  const level = 2 * earned.length >= tried.length ? "refusal" : "warning";
  return [{ check, level, problem, remedy, samples: samplesOf(earned) }];
}

function failures(all: readonly Tried[]): Finding[] {
  const failed = all.filter(({ verdict }) => verdict.score === null || !Number.isFinite(verdict.score));
  if (failed.length === 0) return [];
  const problem = `the verifier fails on ${failed.length} of ${all.length} texts, the first time with: ${failed[0]?.verdict.reason}`;
  const remedy = "mend the task's verify: completions that it fails on teach nothing";
  const level = 2 * failed.length >= all.length ? "refusal" : "warning";
  return [{ check: "verifier-failed", level, problem, remedy, samples: samplesOf(failed) }];
}

function unsteady(task: Task, all: readonly Tried[]): Finding[] {
  const changed = all.filter(
    ({ problem, text, verdict }) => !Object.is(judged(task, problem, text).score, verdict.score),
  );
  if (changed.length === 0) return [];
  const problem = `the verifier scores ${changed.length} of ${all.length} texts differently the second time`;
  const remedy = "make verify a function of problem and completion alone, or say warn where chance is meant";
  return [{ check: "verifier-unsteady", level: "refusal", problem, remedy, samples: samplesOf(changed) }];
}

function slow(all: readonly Tried[]): Finding[] {
  const slowest = all.reduce((a, b) => (b.verdict.ms > a.verdict.ms ? b : a));
  if (slowest.verdict.ms <= SLOW_VERDICT_MS) return [];
  const problem = `one verdict took ${Math.round(slowest.verdict.ms)} ms, on ${excerpt(slowest.text)}`;
  const remedy = "bound the work that verify does: nothing else runs while it does";
  return [{ check: "verifier-slow", level: "warning", problem, remedy, samples: samplesOf([slowest]) }];
}

function samplesOf(tried: readonly Tried[]): EventSample[] {
  return tried.slice(0, 3).map(({ problem, text, verdict }) => ({
    ...{ row: -1, problem: problem.id, prompt: problem.prompt, completion: text, reward: verdict.score },
    note: verdict.reason,
  }));
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Worked answers that do not fit into a completion, EOS counted. @param lengths in tokens, EOS not counted */
export function goldLengthFindings(lengths: readonly number[], maxTokens: number): Finding[] {
  const tooLong = lengths.filter((length) => length + 1 > maxTokens).length;
  if (tooLong === 0) return [];
  const longest = Math.max(...lengths) + 1;
  const problem = `maxTokens is ${maxTokens}, and ${percent(tooLong / lengths.length)} of the worked answers need more, up to ${longest}`;
  const level = 2 * tooLong >= lengths.length ? "refusal" : "warning";
  return [{ check: "gold-length", level, problem, remedy: `raise maxTokens to ${longest} or more` }];
}
