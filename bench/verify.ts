/** Completions verified in a second, against comparing each completion's end with the known answer and nothing else. */
import { rng } from "../src/toolkit/rng.ts";
import { chainAddition, countdown, modularChain } from "../src/toolkit/tasks/index.ts";
import { median, report } from "./support/figure.ts";

const rounds = 9;
const count = 3000;

for (const task of [chainAddition(), countdown(), modularChain()]) {
  const random = rng({ seed: 1, stream: "bench" });
  const items = task.problems({ split: "train", count, seed: 1 }).map((problem, i) => {
    return { problem, completion: task.demonstration(problem, random, { flawed: i % 2 === 0 }) };
  });
  const rate = (judge: (item: (typeof items)[number]) => boolean): number => {
    const start = performance.now();
    let right = 0;
    for (const item of items) if (judge(item)) right++;
    if (right === 0 || right === items.length) throw new Error(`internal: ${right} of ${items.length} are right`);
    return (1000 * items.length) / (performance.now() - start);
  };
  const [verified, compared]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    verified.push(rate(({ problem, completion }) => task.verify(problem, completion).score === 1));
    compared.push(rate(({ problem, completion }) => completion.endsWith(`#${problem.answer}`)));
  }
  report({
    bench: "verify",
    name: `${task.name}, median of ${rounds}`,
    value: median(verified),
    unit: "completions/s",
    against: "string comparison",
    reference: median(compared),
  });
}
