/** Runs a small subset of Verilog: one module of wires and registers, without delays, memories, instances and loops. */
import { refuse } from "../../../refuse.ts";
import { type Bits, resized, same, unknownBits } from "./bits.ts";
import type { Circuit, CircuitPorts, Words } from "./circuit.ts";
import { Compiler, type Later, type Running } from "./verilog-compile.ts";
import { parseVerilog } from "./verilog-parse.ts";
import { portsOf } from "./verilog-ports.ts";
import type { Edge, Expression, Module, Process } from "./verilog-syntax.ts";
import { partsOf, readBy } from "./verilog-walk.ts";

export interface VerilogDesign {
  readonly name: string;
  /** As its body uses them: see `portsOf`. */
  readonly ports: CircuitPorts;
  readonly circuit: Circuit<readonly Bits[]>;
}

/**
 * A design from the source of one module: `input`, `output`, `wire`, `reg`, `parameter`, `assign`, `always @*`, `always @(posedge
 * ... or ...)`, `if`, `case`, blocking and non-blocking assignments; all operators but signed ones. What is held before the first
 * step is unknown.
 *
 * @throws UsageError with the line, for what is outside the subset, for names that are not declared, and for a signal with two drivers
 */
export function verilogCircuit(source: string): VerilogDesign {
  const module = parseVerilog(source);
  checkDrivers(module);
  return { name: module.name, ports: portsOf(module), circuit: circuitOf(module) };
}

/** Runs of one process within one step, after which a design is said to swing without end. */
const MOST_RUNS = 100;

function circuitOf(module: Module): Circuit<readonly Bits[]> {
  const signals = [...module.signals.values()];
  const slots = new Map(signals.map(({ name }, slot) => [name, slot]));
  const level = module.processes.filter(({ edges }) => edges.length === 0);
  const reads = level.map(({ body }) => readBy(body));
  const followers = signals.map(({ name }) => reads.flatMap((names, i) => (names.has(name) ? [i] : [])));
  const compiler = new Compiler(module, slots, followers);
  const levels = level.map(({ body }) => compiler.statement(body));
  const clocked = module.processes
    .filter(({ edges }) => edges.length > 0)
    .map(({ edges, body }) => ({ fires: firesAt(edges, slots), run: compiler.statement(body) }));

  const settle = (running: Running): void => {
    for (let runs = 0; ; runs++) {
      const next = running.stale.indexOf(1);
      if (next < 0) return;
      if (runs > MOST_RUNS * levels.length) refuse("verilogCircuit", "the design does not settle", "mend its loops");
      running.stale[next] = 0;
      const later: Later = [];
      levels[next]?.(running, later);
      for (const write of later) write();
      if (level[next]?.continuous === false) running.stale[next] = 0;
    }
  };
  const start: Running = {
    words: signals.map(({ width }) => unknownBits(width)),
    stale: new Uint8Array(levels.length).fill(1),
  };
  settle(start);
  const inputs = signals.flatMap(({ name, width, direction }, slot) =>
    direction === "input" ? [{ name, width, slot }] : [],
  );
  const outputs = signals.flatMap(({ name, direction }, slot) => (direction === "output" ? [{ name, slot }] : []));

  return {
    initial: start.words,
    step(given: Words, state: readonly Bits[]) {
      const running: Running = { words: [...state], stale: new Uint8Array(levels.length) };
      for (const { name, width, slot } of inputs) {
        const word = given[name] ?? refuse("verilogCircuit", `the input "${name}" is missing`, "pass all inputs");
        running.words[slot] = resized(word, width);
        if (same(state[slot] ?? word, running.words[slot])) continue;
        for (const process of followers[slot] ?? []) running.stale[process] = 1;
      }
      settle(running);
      let before = state;
      for (let turn = 0; ; turn++) {
        const fired = clocked.filter(({ fires }) => fires(before, running.words));
        if (fired.length === 0) break;
        if (turn > MOST_RUNS) refuse("verilogCircuit", "the design clocks itself without end", "mend its clock");
        before = [...running.words];
        const later: Later = [];
        for (const { run } of fired) run(running, later);
        for (const write of later) write();
        settle(running);
      }
      const shown = outputs.map(({ name, slot }) => [name, running.words[slot] ?? unknownBits(1)] as const);
      return { outputs: Object.fromEntries(shown), state: running.words };
    },
  };
}

/** A change towards 1 (0 to unknown counts) or towards 0. */
function firesAt(edges: readonly Edge[], slots: ReadonlyMap<string, number>) {
  const watched = edges.map(({ signal, edge }) => ({ slot: slots.get(signal) ?? 0, rising: edge === "posedge" }));
  const lowest = (word: Bits | undefined): 0 | 1 | undefined =>
    word === undefined || (word.unknown & 1n) === 1n ? undefined : word.value & 1n ? 1 : 0;
  return (before: readonly Bits[], now: readonly Bits[]): boolean =>
    watched.some(({ slot, rising }) => {
      const [from, to] = [lowest(before[slot]), lowest(now[slot])];
      if (from === to) return false;
      return rising ? from !== 1 && to !== 0 : from !== 0 && to !== 1;
    });
}

/** @throws UsageError for a whole signal that more than one process assigns to, and for an output that none does */
function checkDrivers({ signals, processes }: Module): void {
  const drivers = new Map<string, Set<Process>>();
  const whole = new Set<string>();
  const drive = (process: Process, target: Expression): void => {
    if (target.kind === "join") for (const part of target.parts) drive(process, part);
    if (!("name" in target)) return;
    if (target.kind === "name") whole.add(target.name);
    drivers.set(target.name, (drivers.get(target.name) ?? new Set()).add(process));
  };
  for (const process of processes) {
    for (const part of partsOf(process.body)) if (part.kind === "assign") drive(process, part.target);
  }
  for (const { name, direction } of signals.values()) {
    const count = drivers.get(name)?.size ?? 0;
    if (count > 1 && whole.has(name)) {
      refuse("verilogCircuit", `"${name}" has ${count} drivers`, "assign to it in one place");
    }
    if (direction === "output" && count === 0) {
      refuse("verilogCircuit", `the output "${name}" is never assigned to`, "assign to it");
    }
  }
}
