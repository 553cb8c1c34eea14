/** From the names of the agent2-rl-bench forms to `src/toolkit/tasks/benchmarks/agent2-rl-bench.ts`. */
import { equalLengths } from "../../src/index.ts";
import { runMetrics } from "../../src/toolkit/tasks/benchmarks/index.ts";

interface Inputs {
  readonly scores: readonly number[];
  readonly times: readonly number[];
  readonly start: number;
  readonly end: number;
  readonly timeout: number;
  readonly baseline: number | undefined;
  readonly copies: number;
}

export function evaluate(inputs: Inputs, form: string): unknown {
  if (form !== "agent2-rl-bench/0" && form !== "agent2-rl-bench/1") throw new Error(`no form ${form}`);
  const { scores, times, baseline, ...meta } = inputs;
  equalLengths("agent2-rl-bench", { scores, times });
  const log = scores.map((score, i) => ({ score, time: times[i] ?? Number.NaN }));
  const metrics = Object.entries(runMetrics(log, { ...meta, baseline }));
  return Object.fromEntries(metrics.map(([name, value]) => [name, value ?? null]));
}
