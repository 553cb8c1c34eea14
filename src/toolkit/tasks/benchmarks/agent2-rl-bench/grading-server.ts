/** The grader of a run: it alone sees the held-out data, and answers each artefact with its score. */
import { isAbsolute, relative, resolve } from "node:path";
import { checkOptions } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";
import { type RunMetrics, rounded, runMetrics } from "../agent2-rl-bench.ts";
import type { RegisteredTask } from "./registry.ts";

/** What a participant hands in. */
export interface Artifact<A> {
  /** Where it lies, inside the workspace. */
  readonly path: string;
  /** Newest time stamp of its weights: the same path with the same stamp is the same artefact. */
  readonly stamp: number;
  readonly content: A;
}

export interface Submission {
  /** From 1. */
  readonly id: number;
  readonly score: number;
  readonly baseline: number;
  readonly improvement: number;
  /** So far, this one counted. */
  readonly best: number;
  /** Submissions so far. */
  readonly total: number;
  /** What broke; the score is 0 then. */
  readonly error: string | undefined;
  /** On the run's clock. */
  readonly time: number;
  /** The artefact is the base model itself. */
  readonly copy: boolean;
}

export interface RunTime {
  readonly start: number;
  readonly timeout: number;
  readonly lastSubmit: number | undefined;
  readonly end: number | undefined;
  readonly now: number;
  readonly remaining: number;
}

export interface GradingOptions<A, D> {
  readonly task: RegisteredTask<A, D>;
  /** Path of the untouched base model; handing it in is allowed and counted. */
  readonly base: Artifact<A>;
  readonly workspaceRoot: string;
  /** Now, in the unit of the budget. Tokens or updates make a run reproducible, seconds do not. */
  readonly clock: () => number;
  /** Budget. Default 43,200: the paper's twelve hours in seconds. */
  readonly timeout?: number;
}

export interface GradingServer<A> {
  /** Score of the base model, measured before the run. */
  readonly baseline: number;
  /**
   * Evaluates an artefact; one at a time, in the order handed in.
   *
   * @throws UsageError for an artefact that is missing or outside the workspace, after the budget, and for a NaN score
   */
  submit(artifact: Artifact<A> | undefined): Promise<Submission>;
  time(): RunTime;
  /** The log: what was evaluated, without answers from the cache. */
  scores(): readonly Submission[];
  /** Ends the run. */
  finish(): RunMetrics;
}

/** Opens a run: measures the baseline and starts the clock. @throws UsageError for a task without held-out data */
export async function gradingServer<A, D>(options: GradingOptions<A, D>): Promise<GradingServer<A>> {
  checkOptions("gradingServer", options, {
    task: { kind: "object", required: true },
    base: { kind: "object", required: true },
    workspaceRoot: { kind: "string", required: true },
    clock: { kind: "function", required: true },
    timeout: { kind: "number", above: 0 },
  });
  const { task, base, workspaceRoot, clock, timeout = 43_200 } = options;
  if (task.heldOut.length === 0) refuse("gradingServer", `task ${task.id} has no held-out data`, "pass some");
  const root = resolve(workspaceRoot);
  const log: Submission[] = [];
  const answers = new Map<string, Submission>();
  const baseline = finite(task.id, await task.evaluate(base.content, task.heldOut));
  const start = clock();
  let end: number | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  async function grade(artifact: Artifact<A>, path: string, time: number): Promise<Submission> {
    const key = `${artifact.stamp} ${path}`;
    const known = answers.get(key);
    if (known) return known;
    let [score, error]: [number, string | undefined] = [0, undefined];
    try {
      score = await task.evaluate(artifact.content, task.heldOut);
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    finite(task.id, score);
    const best = Math.max(score, ...log.map((one) => one.score));
    const total = log.length + 1;
    const improvement = rounded(score - baseline);
    const copy = path === within(root, base.path);
    const submission = { id: total, score, baseline, improvement, best, total, error, time, copy };
    log.push(submission);
    if (error === undefined) answers.set(key, submission);
    return submission;
  }

  return {
    baseline,
    submit(artifact) {
      const next = queue.then(async () => {
        if (artifact === undefined) return refuse("submit", "there is no artefact", "pass one");
        const now = clock();
        if (end !== undefined || now > start + timeout)
          refuse("submit", `the budget ended, it is ${now}`, "hand in earlier");
        return await grade(artifact, within(root, artifact.path), now);
      });
      queue = next.catch(() => undefined); // whoever handed it in gets the error; the next one is graded
      return next;
    },
    time: () => {
      const now = clock();
      return { start, timeout, lastSubmit: log.at(-1)?.time, end, now, remaining: Math.max(0, start + timeout - now) };
    },
    scores: () => [...log],
    finish() {
      end ??= clock();
      return runMetrics(log, { start, end, timeout, baseline });
    },
  };
}

function within(root: string, path: string): string {
  const full = resolve(root, path);
  const inside = relative(root, full);
  if (inside === "" || inside.startsWith("..") || isAbsolute(inside)) {
    refuse("submit", `${path} is outside the workspace`, "hand in what lies inside");
  }
  return inside;
}

function finite(task: string, score: number): number {
  if (Number.isFinite(score)) return score;
  return refuse("gradingServer", `the evaluator of ${task} gave ${String(score)}`, "give percent");
}
