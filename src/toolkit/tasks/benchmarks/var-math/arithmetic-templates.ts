/** New templates of the published form, whose instances nobody can have trained on. */
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import type { VarTemplate } from "./template.ts";

export interface ArithmeticTemplatesOptions {
  readonly count: number;
  readonly seed: number;
}

type Kind = (random: Rng) => Pick<VarTemplate, "question" | "varInfo" | "answer">;

/** Five values, `by` apart. */
const spaced = (from: number, by: number): string => `Random_linespace_[${from},${from + 5 * by},${by}]`;

const KINDS: readonly Kind[] = [
  (random) => {
    const hours = 2 + random.integer(4);
    return {
      question: `A train goes at VAR_X km/h for ${hours} hours, then VAR_Y km more. How many km is that?`,
      varInfo: `VAR_X=${spaced(40 + random.integer(30), 4)}\nVAR_Y=${spaced(5 + random.integer(20), 3)}`,
      answer: `Expression_VAR_X*${hours}+VAR_Y`,
    };
  },
  (random) => {
    const less = 1 + random.integer(90);
    return {
      question: `What is VAR_X times VAR_Y, less ${less}?`,
      varInfo: `VAR_X=${spaced(11 + random.integer(20), 2)}\nVAR_Y=Expression_${60 + random.integer(20)}-VAR_X`,
      answer: `Expression_VAR_X*VAR_Y-${less}`,
    };
  },
  (random) => {
    const end = 300 + random.integer(600);
    return {
      question: `How many multiples of VAR_X are there from 1 to ${end}?`,
      varInfo: `VAR_X=Random_Set_{${random.shuffle([6, 7, 9, 11, 13, 17, 19]).slice(0, 5).join()}}`,
      answer: `Expression_${end}//VAR_X`,
    };
  },
  (random) => {
    const [more, divisor] = [2 + random.integer(30), 7 + random.integer(20)];
    return {
      question: `What is the remainder of VAR_X squared plus ${more}, divided by ${divisor}?`,
      varInfo: `VAR_X=${spaced(20 + random.integer(50), 3)}`,
      answer: `Expression_(VAR_X**2+${more})%${divisor}`,
    };
  },
  (random) => {
    const side = 5 + random.integer(10);
    return {
      question: `A rectangle has a perimeter of VAR_X and one side of ${side}. What is its area?`,
      varInfo: `VAR_X=${spaced(2 * (30 + random.integer(20)), 4)}`,
      answer: `Expression_${side}*(VAR_X/2-${side})`,
    };
  },
];

/** @throws UsageError for a count below 1 */
export function arithmeticTemplates({ count, seed }: ArithmeticTemplatesOptions): VarTemplate[] {
  if (!Number.isInteger(count) || count < 1)
    refuse("arithmeticTemplates", `count is ${count}`, "pass a whole number from 1");
  return Array.from({ length: count }, (_, row) => {
    const random = rng({ seed, stream: "var-math", row });
    const make = KINDS[row % KINDS.length];
    if (make === undefined) throw new Error("internal: no kind of template");
    return { id: `${row}`, ...make(random), varRound: 0, answerRound: 0 };
  });
}
