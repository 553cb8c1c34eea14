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
    id: `modular-chain:%${modulus}:${expression}`,
    prompt: `%${modulus}:${expression}=`,
    answer: String(value),
    level,
    data: { start: chain.start, steps: chain.steps },
  };
}

/** Single steps can be listed for any modulus here: at most 97 · 97 · 3. */
function listProblems(level: number, modulus: number): Problem[] | undefined {
  if (level > 1) return undefined;
  const values = Array.from({ length: modulus }, (_, i) => i);
  return values.flatMap((start) =>
    OPERATORS.flatMap((operator) =>
      values.map((operand) => problemOf({ start, steps: [{ operator, operand }] }, level, modulus)),
    ),
  );
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
  const mark = completion.indexOf("#");
  if (mark < 0) return judge.unparsed("there is no # before an answer");
  if (completion.includes("#", mark + 1)) return judge.unparsed("there is more than one answer");
  const answer = completion.slice(mark + 1);
  if (!/^(0|[1-9][0-9]?)$/.test(answer)) return judge.unparsed("what follows # is not a whole number below 100");
  return answer === problem.answer ? judge.correct(answer) : judge.wrong(`${answer} is not ${problem.answer}`, answer);
}
