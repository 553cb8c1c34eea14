/** What a run was made with, from a module of the user's, or from the record where the library's own parts suffice. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { importScript } from "../../../kernel/executor/imports.ts";
import * as algorithms from "../../algorithms/index.ts";
import { type Algorithm, type Choice, complete, describe } from "../../toolkit/algorithm.ts";
import { Policy } from "../../toolkit/policy/policy.ts";
import { refuse, UsageError } from "../../toolkit/refuse.ts";
import { differences } from "../../toolkit/runs/differences.ts";
import type { StoredRun } from "../../toolkit/runs/read-run.ts";
import { chainAddition, countdown, modularChain, type Task } from "../../toolkit/tasks/index.ts";
import { setTrainHost } from "../../toolkit/train/host.ts";
import type { TrainOptions } from "../../toolkit/train/options.ts";

/** What a replay needs beside the run folder. */
export interface MadeWith {
  readonly task: Task;
  readonly algorithm: Algorithm;
  readonly policy?: Policy;
}

const WHERE = "rlvr runs replay";

/**
 * The options of the first `train` that a script calls, which is not begun; or a module's exports `task` and `algorithm`, and
 * `policy` where there is one, or those of its `options`.
 */
export async function madeWithModule(path: string): Promise<MadeWith> {
  if ((await stat(path).catch(() => undefined)) === undefined) {
    refuse(WHERE, `there is no file ${path}`, "pass a script that trains, or a module that exports task and algorithm");
  }
  const { task, algorithm, policy } = await optionsOf(path);
  if (!isObject(task) || !isObject(algorithm)) {
    const missing = !isObject(task) ? "task" : "algorithm";
    refuse(WHERE, `${path} calls no train() and exports no ${missing}`, "export task and algorithm, or call train()");
  }
  const given = await policy;
  return {
    task: task as Task, // what it lacks is found by the steps that need it
    algorithm: algorithm as Algorithm,
    ...(given !== undefined && { policy: typeof given === "string" ? await Policy.load(given) : (given as Policy) }),
  };
}

/** What a script is stopped by when it calls `train`: its options are known then. */
class Called extends Error {
  readonly given: TrainOptions;
  constructor(given: TrainOptions) {
    super("a replay takes the options alone");
    this.given = given;
  }
}

async function optionsOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  let called: Called | undefined;
  const release = setTrainHost({
    options(given) {
      called ??= new Called(given);
      throw called;
    },
    started() {},
  });
  try {
    const exported = await importScript(pathToFileURL(resolve(path)).href);
    const options = exported.options ?? exported.default;
    if (called === undefined) return { ...(isObject(options) && options), ...exported };
  } catch (error) {
    if (called === undefined) throw error; // the script's own
  } finally {
    release();
  }
  const { task, algorithm } = called.given; // the policy is in the run folder
  return { task, algorithm };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Tasks of the library by name, from the settings of a record. */
const TASKS: Readonly<Record<string, (settings: object) => Task>> = {
  "chain-addition": chainAddition,
  countdown,
  "modular-chain": modularChain,
};

/**
 * Task and algorithm as the record names them, where both are the library's own and describe themselves as the record does.
 *
 * @throws UsageError naming what has to be given, and the script or notebook that the run was made by
 */
export function madeWithRecord({ config, folder }: StoredRun): MadeWith {
  const { script, notebook } = config;
  const made = [script, notebook].find((one) => typeof one === "string");
  const by = made === undefined ? "" : ` (it was made by ${made})`;
  const needed = (what: string, problem: string): never =>
    refuse(WHERE, `the ${what} of ${folder} ${problem}${by}`, "pass --with a module that exports task and algorithm");
  const [stored, method] = [fields(config.task), fields(config.algorithm)];
  const name = String(stored.name);
  const makeTask = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  const task = makeTask && attempt(() => makeTask(fields(stored.settings)));
  if (task === undefined || differences(task.settings, stored.settings).length > 0) {
    return needed("task", `"${name}" is not one of the library's with these settings`);
  }
  const algorithm = libraryAlgorithm(method);
  return algorithm
    ? { task, algorithm }
    : needed("algorithm", `"${String(method.name)}" is not one of the library's alone`);
}

/** The library's function of that name, with the options that were given, if that describes itself as the record does. */
function libraryAlgorithm({ name, choices }: Readonly<Record<string, unknown>>): Algorithm | undefined {
  const camel = String(name).replace(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
  const make: unknown = Object.hasOwn(algorithms, camel) ? Reflect.get(algorithms, camel) : undefined;
  const list: readonly Choice[] = Array.isArray(choices) ? choices : [];
  const given = list.filter(({ source, value }) => source === "given" && value !== "given");
  const options = Object.fromEntries(given.map((choice) => [choice.name, choice.value]));
  if (typeof make !== "function") return undefined;
  return attempt(() => {
    const algorithm: Algorithm = make(options);
    const whole = complete(algorithm);
    const same = whole.name === name && differences(describe(whole), choices).length === 0;
    return same ? algorithm : undefined;
  });
}

/** What `act` gives; undefined where the settings are none of its own. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof UsageError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
