/** Every algorithm of the library with its defaults, so that a new method is measured without a list of its own. */
import * as algorithms from "../../src/algorithms/index.ts";
import type { Algorithm } from "../../src/toolkit/algorithm.ts";
import { type AlgorithmChange, compose } from "../../src/toolkit/compose.ts";
import { UsageError } from "../../src/toolkit/refuse.ts";

export interface NamedAlgorithm {
  readonly name: string;
  readonly algorithm: Algorithm;
}

/**
 * What `src/algorithms` exports and makes an algorithm without arguments, a change of one being put on GRPO with the choices
 * that it expects; says on stderr what refuses to, and why.
 */
export function allAlgorithms(): NamedAlgorithm[] {
  return Object.entries(algorithms).flatMap(([name, make]) => {
    if (typeof make !== "function") return [];
    const made = call(name, make);
    if (isChange(made)) return [{ name, algorithm: compose(algorithms.grpo(made.expects ?? {}), made) }];
    return isAlgorithm(made) ? [{ name, algorithm: made }] : [];
  });
}

function call(name: string, make: (...args: never[]) => unknown): unknown {
  try {
    const made = make();
    if (made instanceof Promise) void made.catch(() => undefined); // makes none, and wants arguments
    return made;
  } catch (error) {
    if (error instanceof UsageError) console.error(`not measured: ${name}: ${error.message}`); // others make none
    return undefined;
  }
}

function isAlgorithm(made: unknown): made is Algorithm {
  return typeof made === "object" && made !== null && "objective" in made && "advantage" in made;
}

function isChange(made: unknown): made is AlgorithmChange {
  return typeof made === "object" && made !== null && "choices" in made && ("replaces" in made || "wraps" in made);
}
