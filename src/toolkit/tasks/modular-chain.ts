/**
 * A chain of steps in arithmetic modulo a number, each step's value written out, then the answer:
 *
 *     prompt      %23:7*3+5-9=
 *     completion  7*3=21;21+5=3;3-9=17;#17
 *
 * Steps are taken from left to right (no precedence): the value so far is the left operand of the next step.
 */
import { refuse } from "../refuse.ts";
import type { Rng } from "../rng.ts";
import { finalAnswer, readNatural } from "../verify/answer.ts";
import { defineVerifier, type Judgement, judge } from "../verify/verifier.ts";
import { countProblems, drawProblems, type ProblemSource } from "./stream.ts";
import type { Problem, Task } from "./task.ts";

export interface ModularChainOptions {
  /** Most steps; the levels are 1 to this. From 1 to 8. Default 3. */
  readonly steps?: number;
  /** From 2 to 97. Default 23: its 529 products are few enough for 0.8 M weights to learn. */
  readonly modulus?: number;
}

interface Step {
  readonly operator: "+" | "-" | "*";
  readonly operand: number;
}

interface Chain {
  readonly start: number;
  readonly steps: readonly Step[];
}

const OPERATORS = ["+", "-", "*"] as const;

/** Levels with more contents than this, by a lower bound, need no count. */
const MANY = 50_000;

/** A task of chained modular arithmetic. The level is the number of steps. */
export function modularChain(options: ModularChainOptions = {}): Task {
  const { steps = 3, modulus = 23 } = options;
  const where = "modularChain";
  if (!Number.isInteger(steps) || steps < 1 || steps > 8) refuse(where, `steps is ${steps}`, "pass 1 to 8");
  if (!Number.isInteger(modulus) || modulus < 2 || modulus > 97) refuse(where, `modulus is ${modulus}`, "pass 2 to 97");
  const source: ProblemSource = {
    name: "modular-chain",
    levels: Array.from({ length: steps }, (_, i) => i + 1),
    draw: (level, random) => {
      const chain = {
        start: random.integer(modulus),
        steps: Array.from({ length: level }, () => ({
          operator: random.pick(OPERATORS),
          operand: random.integer(modulus),
        })),
      };
      return problemOf(chain, level, modulus);
    },
    list: (level) => listProblems(level, modulus),
  };
  const verifier = defineVerifier<Problem>({ name: "modular-chain", version: "1", verify: judgeChain });
  const width = String(modulus - 1).length;
  return {
    name: source.name,
    settings: { steps, modulus },
    alphabet: "0123456789+-*=;#%:",
    levels: source.levels,
    maxPromptTokens: 1 + 1 + String(modulus).length + 1 + width + steps * (1 + width) + 1,
    maxCompletionTokens: steps * (3 * width + 3) + 1 + width + 1,
    problems: (ask) => drawProblems(source, ask),
    available: ({ split, level }) => countProblems(source, split, level),
    demonstration: (problem, random, { flawed }) => demonstrate(chainOf(problem), modulus, flawed ? random : undefined),
    verify: (problem, completion) => verifier.verify(problem, completion),
  };
}

function apply(value: number, { operator, operand }: Step, modulus: number): number {
  const raw = operator === "+" ? value + operand : operator === "-" ? value - operand : value * operand;
  return ((raw % modulus) + modulus) % modulus;
}

function problemOf(chain: Chain, level: number, modulus: number): Problem {
  const expression = chain.steps.reduce((text, { operator, operand }) => text + operator + operand, `${chain.start}`);
  const value = chain.steps.reduce((so, step) => apply(so, step, modulus), chain.start);
  return {
    id: `modular-chain:${contentOf(chain)}%${modulus}`,
    prompt: `%${modulus}:${expression}=`,
    answer: String(value),
    level,
    data: { start: chain.start, steps: chain.steps },
  };
}

/**
 * Steps of one kind in a row can change places, the start with those of the first row too (7+3 is 3+7), so each row is
 * sorted.
 */
function contentOf({ start, steps }: Chain): string {
  const isProduct = (step: Step | undefined): boolean => step?.operator === "*";
  const rows: string[][] = [[`${isProduct(steps[0]) ? "*" : "+"}${start}`]];
  for (const [i, step] of steps.entries()) {
    if (i > 0 && isProduct(steps[i - 1]) !== isProduct(step)) rows.push([]);
    rows.at(-1)?.push(step.operator + step.operand);
  }
  return rows.map((row) => row.sort().join("")).join(",");
}

/** Single steps are listed, at most 97 · 97 · 3 spellings; k steps have at least 1/(k + 1)! as many contents as spellings. */
function listProblems(level: number, modulus: number): readonly Problem[] | "many" | "unknown" {
  if (level > 1) {
    let contents = modulus;
    for (let k = 1; k <= level; k++) contents *= (3 * modulus) / (k + 1);
    return contents > MANY ? "many" : "unknown";
  }
  const found = new Map<string, Problem>();
  for (let start = 0; start < modulus; start++) {
    for (const operator of OPERATORS) {
      for (let operand = 0; operand < modulus; operand++) {
        const problem = problemOf({ start, steps: [{ operator, operand }] }, level, modulus);
        found.set(problem.id, problem);
      }
    }
  }
  return [...found.values()];
}

function chainOf(problem: Problem): Chain {
  const { start, steps } = problem.data;
  if (typeof start !== "number" || !Array.isArray(steps)) {
    refuse("modularChain", `problem ${problem.id} has no steps`, "pass a problem that this task made");
  }
  return { start, steps };
}

/** With a generator, the value of one step is wrong and the rest follows until the end, which is wrong too. */
function demonstrate(chain: Chain, modulus: number, random: Rng | undefined): string {
  const right = chain.steps.reduce((so, step) => apply(so, step, modulus), chain.start);
  for (;;) {
    const flawedStep = random?.integer(chain.steps.length);
    let value = chain.start;
    let working = "";
    for (const [i, step] of chain.steps.entries()) {
      let next = apply(value, step, modulus);
      if (random && i === flawedStep) next = (next + 1 + random.integer(modulus - 1)) % modulus;
      working += `${value}${step.operator}${step.operand}=${next};`;
      value = next;
    }
    // A product with 0 hides an earlier slip: then another one is made, in the end one in the last step.
    if (!random || value !== right) return `${working}#${value}`;
  }
}

function judgeChain(problem: Problem, completion: string): Judgement {
  chainOf(problem); // a problem of another task is a fault of the caller, not of the policy
  const found = finalAnswer(completion, "#");
  if (found.kind === "unparsed") return judge.unparsed(found.reason);
  const answer = readNatural(found.text, 16);
  if (answer.kind === "unparsed") return judge.unparsed(answer.reason);
  if (answer.text === problem.answer) return judge.correct(answer.text);
  return judge.wrong(`the answer is ${answer.text}, the chain ends in ${problem.answer}`, answer.text);
}
