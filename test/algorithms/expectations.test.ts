/**
 * Advantage x score by sampling, against its exact expectation: every algorithm of the table on a policy of four paths,
 * whose groups of three can be counted. Sampling, statistics, advantage and objective all take part.
 */
import { expect, test } from "vitest";
import { expectedUpdate, sampledUpdate, type TabularProblem, tabularPolicy } from "../../src/index.ts";
import { readTable } from "./checks/table.ts";

const problem: TabularProblem = {
  ...{ contexts: 2, symbols: 4 },
  reward: (context, [path]) => (path === context || path === 3 ? 1 : 0),
  initial: (context) => [0.4, -0.6, 0.9 - context, -0.3],
};
const DRAWS = 60;

/** Standard errors that chance stays within: sixty draws of many rows. */
const ERRORS = 5;

const rows = (await readTable()).filter(({ algorithm }) => algorithm !== undefined);

test.each(rows)("expectation: sampled updates of $name agree with the exact one", async ({ algorithm }) => {
  if (algorithm === undefined) throw new Error("filtered above");
  const policy = tabularPolicy(problem);
  const reference = tabularPolicy({ ...problem, initial: () => [0.1, 0, 0.3, 0.2] });
  const options = { policy, reference, algorithm, context: 1, samplesPerPrompt: 3 };
  const exact = await expectedUpdate(options);
  const { mean, error } = await sampledUpdate({ ...options, draws: DRAWS, seed: 11 });
  for (const [i, value] of exact.entries()) {
    expect(Math.abs((mean[i] ?? Number.NaN) - value), `logit ${i}`).toBeLessThanOrEqual(
      ERRORS * (error[i] ?? 0) + 1e-7,
    );
  }
  expect(Math.max(...exact.map(Math.abs))).toBeGreaterThan(1e-4);
});
