/** Small word problems with whole answers and a key number, as seeds of chains. */
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import type { SeedProblem } from "./compose.ts";

type Kind = (random: Rng) => {
  readonly before: string;
  readonly key: number;
  readonly behind: string;
  readonly answer: number;
};

const KINDS: readonly Kind[] = [
  (random) => {
    const [key, balls] = [2 + random.integer(18), 2 + random.integer(8)];
    return { before: "A box holds ", key, behind: ` rows of ${balls} balls. How many balls?`, answer: key * balls };
  },
  (random) => {
    const [key, more] = [10 + random.integer(80), 2 + random.integer(30)];
    return { before: "Ann has ", key, behind: ` stamps and buys ${more} more. How many has she?`, answer: key + more };
  },
  (random) => {
    const [key, gone] = [40 + random.integer(60), 2 + random.integer(30)];
    return { before: "Of ", key, behind: ` seats ${gone} are taken. How many are free?`, answer: key - gone };
  },
  (random) => {
    const [key, pages, read] = [3 + random.integer(10), 5 + random.integer(20), 1 + random.integer(9)];
    const behind = ` days Bo reads ${pages} pages a day, and on the last day ${read} more. How many pages?`;
    return { before: "For ", key, behind, answer: key * pages + read };
  },
];

/** @throws UsageError for a count below 1 */
export function wordProblems({ count, seed }: { readonly count: number; readonly seed: number }): SeedProblem[] {
  if (!Number.isInteger(count) || count < 1) refuse("wordProblems", `count is ${count}`, "pass a whole number from 1");
  return Array.from({ length: count }, (_, row) => {
    const random = rng({ seed, stream: "word-problems", row });
    const { before, key, behind, answer } = random.pick(KINDS)(random);
    const end = before.length + `${key}`.length;
    return {
      id: `word-${row}`,
      question: before + key + behind,
      answer,
      key: { value: key, start: before.length, end },
    };
  });
}
