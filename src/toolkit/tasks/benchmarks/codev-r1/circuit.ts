/** What is simulated: anything that takes a step, and its ports. */
import { refuse } from "../../../refuse.ts";
import type { Bits } from "./bits.ts";

/** Words by the names of their ports. */
export type Words = Readonly<Record<string, Bits>>;

/** A design as a function of its inputs and what it holds. */
export interface Circuit<State = unknown> {
  /** Before anything was put in. */
  readonly initial: State;
  /** What the outputs are once the inputs have the given values. An edge is a change of an input from the step before. */
  step(inputs: Words, state: State): { readonly outputs: Words; readonly state: State };
}

export interface Port {
  readonly name: string;
  /** Bits, from 1. */
  readonly width: number;
}

export interface ResetOption {
  /** The level that resets. */
  readonly polarity: 0 | 1;
  /** Whether it acts at the clock's edge. */
  readonly synchronous: boolean;
}

export interface ResetPort {
  readonly name: string;
  readonly options: readonly ResetOption[];
}

export interface CircuitPorts {
  /** All inputs but the clock and the resets. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** At most one. Default: none. */
  readonly clocks?: readonly { readonly name: string; readonly edge: "posedge" | "negedge" }[];
  /** Of one bit each. Default: none. */
  readonly resets?: readonly ResetPort[];
}

/** @throws UsageError for several clocks, no output, a width that is no whole number from 1, a name used twice */
export function checkPorts(where: string, { inputs, outputs, clocks = [], resets = [] }: CircuitPorts): void {
  if (clocks.length > 1) {
    const names = clocks.map(({ name }) => name).join(", ");
    refuse(where, `there are ${clocks.length} clocks (${names})`, "pass a design with one clock at most");
  }
  if (outputs.length === 0) refuse(where, "there is no output", "pass the outputs that are compared");
  for (const { name, width } of [...inputs, ...outputs]) {
    if (!(Number.isSafeInteger(width) && width >= 1)) {
      refuse(where, `port "${name}" has ${width} bits`, "pass a whole number from 1");
    }
  }
  const names = [...inputs, ...clocks, ...resets].map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) refuse(where, `the input "${twice}" comes twice`, "name each port once");
}
