/** Instances and answers from plain lists, in the forms that the tasks read. */
import { refuse } from "../../../refuse.ts";
import { rng } from "../../../rng.ts";
import { type NpTask, written } from "../np-engine/np-task.ts";
import { type KnapsackInstance, type KnapsackItem, knapsack } from "../np-engine/selection.ts";
import { type TspInstance, tsp } from "../np-engine/tsp.ts";

/** @param distance [n, n] @throws UsageError for a table that is not square, or a distance that is no number from 0 */
export function tspInstance(distance: readonly (readonly number[])[]): TspInstance {
  const n = distance.length;
  const short = distance.findIndex((row) => row.length !== n);
  if (short >= 0) {
    refuse("tspInstance", `row ${short} has ${distance[short]?.length} distances of ${n}`, "pass a square table");
  }
  const rows = distance.map((row, a) => [a, Object.fromEntries([...row.entries()].filter(([b]) => b !== a))] as const);
  return tsp.check(Object.fromEntries(rows));
}

/** Items named by their place. @throws UsageError for a weight, value or capacity that is no number from 0 */
export function knapsackInstance(capacity: number, items: readonly KnapsackItem[]): KnapsackInstance {
  return knapsack.check({ capacity, items: Object.fromEntries(items.entries()) });
}

/** A list of ids as a text that `verify` reads. @throws UsageError for an id that is no whole number */
export function answerText(ids: readonly number[]): string {
  const wrong = ids.find((id) => !Number.isSafeInteger(id));
  if (wrong !== undefined) refuse("answerText", `an id is ${wrong}`, "pass whole numbers");
  return written(ids);
}

/**
 * The best value there is, by a search that ends.
 *
 * @param steps of the search. Default 1 000 000: ample for 12 cities or 40 items
 * @throws UsageError where the search does not end
 */
export function optimum<I>(task: NpTask<I>, instance: I, steps = 1_000_000): number {
  const { value, exact } = task.reference(instance, { random: rng({ seed: 0, stream: "forge/optimum" }), steps });
  if (!exact) refuse("optimum", `${task.name} was not searched to the end in ${steps} steps`, "use `task.reference`");
  return value;
}
