/** The variables of a notebook and the running of its cells. */
import { performance } from "node:perf_hooks";
import vm from "node:vm";
import { type CompiledCell, compileCell, helperOrder, type KnownNames } from "../compiler/compile.ts";
import { CellSyntaxError } from "../compiler/syntax-error.ts";
import { asBundle, splitBelow, toBundle } from "./bundle.ts";
import type { CellError, CellOutcome } from "./events.ts";
import { Interrupted } from "./interrupts.ts";
import type { CellRun } from "./run.ts";
import type { CellServices } from "./services.ts";
import { type SharedState, Slot } from "./shared-state.ts";

type Helpers = Readonly<Record<(typeof helperOrder)[number], unknown>>;

/** An error of a cell whose checks failed. */
class CheckFailed extends Error {
  override readonly name: string = "CheckFailed";
}

export class Session {
  /** Top-level names of all cells: plain data properties, read and written by compiled code. */
  readonly variables: Record<string, unknown> = Object.create(null);
  readonly #constants = new Set<string>();
  readonly #services: CellServices;
  #userUnderscore = false;

  constructor(services: CellServices) {
    this.#services = services;
  }

  /** Runs a cell to its end; `finish` is also called, once, by an interrupt that gives the run up. */
  async run(run: CellRun): Promise<void> {
    try {
      const injected = this.#services.injected(run);
      const compiled = compileCell(run.cell.source, this.#known(injected), Object.keys(injected));
      run.compiled = compiled;
      const result: { value?: unknown } = {};
      await this.#call(run, compiled, result, injected);
      this.#declare(compiled);
      await this.#showResult(run, result.value);
      if (run.displayFailure) throw run.displayFailure.error;
      if (run.failedChecks.length > 0) throw checkFailed(run);
      this.finish(run, undefined);
    } catch (error) {
      this.finish(run, { error });
    }
  }

  /** Sends the end of a run, once. An interrupted run ends as such, whatever its code threw after. */
  finish(run: CellRun, failure: { readonly error: unknown } | undefined): void {
    if (run.finished) return;
    leaveRun(this.#services.state, run.run);
    if (run.compiled) this.#declare(run.compiled);
    const { output, stacks } = this.#services;
    const interrupted = failure !== undefined && (run.interrupted || failure.error instanceof Interrupted);
    const error = failure && this.#services.describe(failure.error, run);
    if (error) output.event(run, { kind: "error", ...error });
    if (failure && typeof failure.error === "object" && failure.error) stacks.cellFrames(failure.error);
    output.done(run.run, outcome(run, error, interrupted));
    run.finished = true;
  }

  async #call(
    run: CellRun,
    compiled: CompiledCell,
    result: object,
    injected: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const script = compileScript(run, compiled);
    const make: (...args: unknown[]) => () => unknown = script.runInThisContext();
    const helpers = this.#helpers(run, result);
    const cell = make(...helperOrder.map((helper) => helpers[helper]), ...Object.values(injected));
    await this.#services.context.run(run, () => cell());
  }

  #helpers(run: CellRun, result: object): Helpers {
    const { interrupts, imports, state, stacks, ownerFrom } = this.#services;
    const variables = this.variables;
    const owner = (): CellRun => ownerFrom(run);
    const guard = (value: unknown, offset: number): unknown =>
      interrupts.guard(value, owner, (reason) => stacks.note(reason, run, offset));
    return {
      session: variables,
      result,
      guard,
      flag: state,
      meta: this.#services.meta,
      iterate: (value: AsyncIterable<unknown>, offset: number) =>
        interrupts.iterate(value, (step) => guard(step, offset)),
      stop: () => {
        Atomics.store(state, Slot.flag, 0);
        Atomics.store(state, Slot.seen, 1);
        throw new Interrupted();
      },
      load: (specifier: unknown, options: ImportCallOptions | undefined, offset: number) =>
        guard(imports.load(specifier, options), offset),
      pick: (module: object, name: string, specifier: string, offset: number) =>
        this.#services.pick(run, module, name, specifier, offset),
      owner: (name: string, optional = false) => ownerOf(variables, name, optional),
      constant: () => {
        throw new TypeError("Assignment to constant variable.");
      },
      early: (name: string) => {
        throw new ReferenceError(`Cannot access '${name}' before initialization`);
      },
    };
  }

  #known(injected: Readonly<Record<string, unknown>>): KnownNames {
    return {
      has: (name) => name in this.variables,
      isConst: (name) => this.#constants.has(name),
      isGlobal: (name) => Object.hasOwn(injected, name) || name in globalThis,
    };
  }

  #declare({ declared }: CompiledCell): void {
    for (const { name, constant } of declared) {
      if (constant) this.#constants.add(name);
      else this.#constants.delete(name);
      if (name === "_") this.#userUnderscore = true;
    }
  }

  async #showResult(run: CellRun, value: unknown): Promise<void> {
    const { interrupts, context } = this.#services;
    const settled = await interrupts.guard(
      value,
      () => run,
      () => undefined,
    );
    await interrupts.guard(
      run.displays,
      () => run,
      () => undefined,
    );
    if (settled === undefined) return;
    if (!this.#userUnderscore) this.variables._ = settled;
    const data = await interrupts.guard(
      context.run(run, () => toBundle(settled)),
      () => run,
      () => undefined,
    );
    const bundle = asBundle(data);
    if (Object.keys(bundle).length === 0) return; // the value has shown itself
    const { shown, below } = splitBelow(bundle);
    this.#services.output.event(run, { kind: "result", data: shown, metadata: {} });
    if (below !== undefined) this.#services.output.event(run, { kind: "display", data: below, metadata: {} });
  }
}

/**
 * From here on no termination strikes. One that is on its way strikes here: then the watchdog tells of the interrupt
 * again, and the run is finished by its handler.
 */
function leaveRun(state: SharedState, run: number): void {
  while (Atomics.compareExchange(state, Slot.running, run, 0) === -run) Atomics.wait(state, Slot.running, -run, 5);
}

/** V8 refuses some syntax that the parser takes (what this Node does not have yet): with its place, from V8's stack. */
function compileScript(run: CellRun, compiled: CompiledCell): vm.Script {
  try {
    return new vm.Script(compiled.code, { filename: run.fileName });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const [, line, before] = /^cell:\d+:(\d+)\n.*\n([ \t]*)\^/.exec(error.stack ?? "") ?? [];
    const place = compiled.locate({ line: Number(line ?? 1), column: (before ?? "").length + 1 });
    throw new CellSyntaxError(error.message, place ?? { line: 1, column: 1 });
  }
}

function ownerOf(variables: object, name: string, optional: boolean): object {
  if (name in variables) return variables;
  if (name in globalThis) return globalThis;
  if (optional) return {};
  throw new ReferenceError(`${name} is not defined`);
}

function checkFailed(run: CellRun): CheckFailed {
  const names = run.failedChecks.join(", ");
  return new CheckFailed(`${run.failedChecks.length === 1 ? "check" : "checks"} outside the band: ${names}`);
}

function outcome(run: CellRun, error: CellError | undefined, interrupted: boolean): CellOutcome {
  const ms = performance.now() - run.startedAt;
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return {
    status: error ? "error" : "ok",
    ms,
    peakBytes,
    ...(error && { error }),
    ...(interrupted && { interrupted }),
  };
}
