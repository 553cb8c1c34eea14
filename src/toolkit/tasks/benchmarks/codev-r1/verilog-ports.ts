/** Which inputs of a design are its clock and its resets, by what its body does with them. */
import type { CircuitPorts, ResetOption, ResetPort } from "./circuit.ts";
import type { Edge, Expression, Module, Process, Signal, Statement } from "./verilog-syntax.ts";
import { partsOf, readBy } from "./verilog-walk.ts";

/**
 * Clock: an input whose edge starts a process that does not read it. Asynchronous reset: an input whose edge starts a process that
 * does. Synchronous reset: an input of one bit that the first `if` of a process asks for, to assign constants. (Our construction:
 * the published bench asks a synthesis tool.)
 */
export function portsOf({ signals, processes }: Module): CircuitPorts {
  const input = (name: string): Signal | undefined => {
    const signal = signals.get(name);
    return signal?.direction === "input" ? signal : undefined;
  };
  const clocks = new Map<string, { readonly name: string; readonly edge: Edge["edge"] }>();
  const resets = new Map<string, ResetOption[]>();
  const addReset = (name: string, option: ResetOption): void => {
    const options = resets.get(name) ?? [];
    const known = options.some((one) => one.polarity === option.polarity && one.synchronous === option.synchronous);
    if (!known) resets.set(name, [...options, option]);
  };
  for (const { edges, body } of processes) {
    const read = readBy(body);
    for (const { signal, edge } of edges) {
      if (input(signal) === undefined) continue;
      if (!read.has(signal)) clocks.set(`${signal} ${edge}`, { name: signal, edge });
      else addReset(signal, { polarity: edge === "posedge" ? 1 : 0, synchronous: false });
    }
  }
  for (const process of processes) {
    const found = synchronousReset(process);
    if (found === undefined || input(found.name)?.width !== 1) continue;
    const clocked = [...clocks.values()].some(({ name }) => name === found.name);
    const edged = process.edges.some(({ signal }) => signal === found.name);
    if (!clocked && !edged) addReset(found.name, { polarity: found.polarity, synchronous: true });
  }
  const special = new Set([...[...clocks.values()].map(({ name }) => name), ...resets.keys()]);
  const ports = (direction: "input" | "output") =>
    [...signals.values()].filter((one) => one.direction === direction && !special.has(one.name)).map(toPort);
  return {
    inputs: ports("input"),
    outputs: ports("output"),
    clocks: [...clocks.values()],
    resets: [...resets].map(([name, options]): ResetPort => ({ name, options })),
  };
}

const toPort = ({ name, width }: Signal): { readonly name: string; readonly width: number } => ({ name, width });

function synchronousReset({ edges, body }: Process): { readonly name: string; readonly polarity: 0 | 1 } | undefined {
  if (edges.length === 0) return undefined;
  let first: Statement | undefined = body;
  while (first?.kind === "block") [first] = first.body;
  if (first?.kind !== "if") return undefined;
  const assigned = [...partsOf(first.yes)];
  const constant = assigned.every((one) => one.kind === "block" || (one.kind === "assign" && isConstant(one.value)));
  return constant ? levelOf(first.condition) : undefined;
}

const isConstant = (expression: Expression): boolean =>
  expression.kind === "literal" || (expression.kind === "join" && expression.parts.every(isConstant));

/** `rst`, `!rst`, `~rst`, `rst == 1'b0` and such. */
function levelOf(condition: Expression): { readonly name: string; readonly polarity: 0 | 1 } | undefined {
  if (condition.kind === "name") return { name: condition.name, polarity: 1 };
  if (condition.kind === "unary" && (condition.operator === "!" || condition.operator === "~")) {
    return condition.a.kind === "name" ? { name: condition.a.name, polarity: 0 } : undefined;
  }
  if (condition.kind !== "binary" || condition.operator !== "==") return undefined;
  const { a, b } = condition;
  if (a.kind !== "name" || b.kind !== "literal") return undefined;
  return { name: a.name, polarity: b.bits.value === 0n ? 0 : 1 };
}
