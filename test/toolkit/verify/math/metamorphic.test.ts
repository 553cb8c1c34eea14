/** What does not change an answer does not change its verdict, right or wrong. */
import { expect, test } from "vitest";
import { rng } from "../../../../src/toolkit/rng.ts";
import { mathVerifier } from "../../../../src/toolkit/verify/math/index.ts";

const verifier = mathVerifier();
const isRight = (answer: string, completion: string): boolean => {
  const { status } = verifier.verify({ answer }, completion);
  expect(status, `${answer} against ${completion}`).not.toBe("failed");
  return status === "correct";
};

/** Gold, a right answer, a wrong one. */
const ANSWERS: readonly (readonly [gold: string, right: string, wrong: string])[] = [
  ["42", "42", "43"],
  ["-\\frac{3}{4}", "-0.75", "0.75"],
  ["2\\sqrt{2}", "\\sqrt{8}", "\\sqrt{6}"],
  ["\\frac{1}{3}", "0.333333", "0.33"],
  ["28\\%", "0.28", "2.8"],
  ["x^2-1", "(x-1)(x+1)", "(x-1)^2"],
  ["\\frac{x+1}{x}", "1+\\frac{1}{x}", "\\frac{x}{x+1}"],
  ["3+4i", "4i+3", "3-4i"],
  ["\\{1,2,3\\}", "\\{3,1,2\\}", "\\{1,2,4\\}"],
  ["(1,2)", "(1,2)", "(2,1)"],
  ["[0,1)", "[0,1)", "(0,1)"],
  ["(-\\infty,0)\\cup(1,2)", "(1,2)\\cup(-\\infty,0)", "(-\\infty,0)\\cup[1,2)"],
  [
    "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
    "\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}",
    "\\begin{pmatrix}1&2\\\\4&3\\end{pmatrix}",
  ],
  ["y=2x+1", "2x-y+1=0", "y=2x-1"],
  ["x>3", "3<x", "x\\ge 3"],
  ["5\\text{ cm}", "5\\text{ cm}", "5\\text{ m}"],
  ["1\\pm\\sqrt{3}", "1+\\sqrt{3}, 1-\\sqrt{3}", "1+\\sqrt{2}"],
  ["\\text{even}", "\\text{even}", "\\text{odd}"],
  ["\\tan^2 y+1", "\\sec^2 y", "\\sec y"],
  ["e^{2}", "e^2", "2e"],
];

const WRAPPINGS: Readonly<Record<string, (text: string) => string>> = {
  box: (text) => `\\boxed{${text}}`,
  "box in mathematics": (text) => `$\\boxed{${text}}$`,
  "box in a sentence": (text) => `Adding both we get $x = 7$, hence the answer is $\\boxed{${text}}$.`,
  "inline mathematics": (text) => `$${text}$`,
  "display mathematics": (text) => `\\[ ${text} \\]`,
  phrase: (text) => `We add. The final answer is $${text}$. I hope it is correct.`,
  "answer tag": (text) => `<think>it may be 7</think><answer>$${text}$</answer>`,
  hashes: (text) => `Long text with 12 numbers.\n#### $${text}$`,
  blanks: (text) => `\\boxed{  ${text}  }`,
  "thin blanks": (text) => `\\boxed{\\,${text}\\,}`,
  display: (text) => `\\boxed{\\displaystyle ${text}}`,
  "full stop": (text) => `$${text}.$`,
  "a box of another answer before": (text) => `First \\boxed{1000}. No, that is wrong.\n\nSo \\boxed{${text}}`,
  "long reasoning": (text) => `${"We try 5 and 6 again. ".repeat(300)}\\boxed{${text}}`,
};

test.each(Object.entries(WRAPPINGS))("mathVerifier: wrapping changes no verdict: %s", (_, wrap) => {
  for (const [gold, right, wrong] of ANSWERS) {
    expect([isRight(gold, wrap(right)), isRight(gold, wrap(wrong))], gold).toEqual([true, false]);
    expect([isRight(wrap(gold), right), isRight(wrap(gold), wrong)], gold).toEqual([true, false]);
  }
});

test("mathVerifier: blanks between tokens change no verdict", () => {
  for (const [gold, right, wrong] of ANSWERS) {
    const spaced = (text: string) => text.replace(/(?<=[+\-=,(){}])(?![a-z])|(?=[+=)])/g, " ").replace(/\\ \{/g, "\\{");
    expect([isRight(gold, spaced(right)), isRight(gold, spaced(wrong))], gold).toEqual([true, false]);
  }
});

test("mathVerifier: the order of a set, a list, a union and a sum changes no verdict", () => {
  const random = rng({ seed: 3, stream: "order" });
  const parts = ["1", "\\frac{2}{3}", "\\sqrt{5}", "-4", "0.75"];
  const unions = ["(-\\infty,-3)", "[0,1)", "\\{2\\}", "[5,8]"];
  for (let i = 0; i < 20; i++) {
    const order = (items: readonly string[]) => {
      const left = [...items];
      return items.map(() => left.splice(random.integer(left.length), 1)[0] ?? "");
    };
    const shuffled = order(parts);
    expect(isRight(`\\{${parts.join(",")}\\}`, `\\{${shuffled.join(", ")}\\}`)).toBe(true);
    expect(isRight(parts.join(", "), `\\boxed{${shuffled.join(", ")}}`)).toBe(true);
    expect(isRight(parts.join("+"), shuffled.join("+"))).toBe(true);
    expect(isRight(unions.join("\\cup"), order(unions).join(" \\cup "))).toBe(true);
    const [first, ...rest] = shuffled;
    expect(isRight(`\\{${parts.join(",")}\\}`, `\\{${rest.join(",")}\\}`), `without ${first}`).toBe(false);
    expect(isRight(`(${parts.join(",")})`, `(${shuffled.join(",")})`)).toBe(shuffled.join() === parts.join());
  }
});

test("mathVerifier: scaling, shifting and turning an equation or an inequality changes no verdict", () => {
  for (const k of [2, 3, 10, -1, -5]) {
    expect(isRight("2x+3y=6", `${2 * k}x+(${3 * k})y=${6 * k}`)).toBe(true);
    expect(isRight("2x+3y=6", `${2 * k}x+(${3 * k})y=${6 * k + 1}`)).toBe(false);
    const turned = k > 0 ? "<" : ">";
    const other = k > 0 ? ">" : "<";
    expect(isRight("x+2y<4", `${k}x+(${2 * k})y${turned}${4 * k}`)).toBe(true);
    expect(isRight("x+2y<4", `${k}x+(${2 * k})y${other}${4 * k}`)).toBe(false);
    expect(isRight("x<4", `${4 * k}${other}${k}x`)).toBe(true);
    expect(isRight("x<4", `${4 * k}${turned}${k}x`)).toBe(false);
    expect(isRight("x^2+y^2=9", `x^2+y^2+${Math.abs(k)}=${9 + Math.abs(k)}`)).toBe(true);
  }
});

test("mathVerifier: a wrong answer is never accepted for length or repetition", () => {
  for (const [gold, right, wrong] of ANSWERS) {
    for (const count of [2, 10, 200]) {
      const boxes = `\\boxed{${wrong}} `.repeat(count);
      expect(isRight(gold, boxes), gold).toBe(false);
      expect(isRight(gold, `\\boxed{${right}}. But no. ${boxes}`), gold).toBe(false);
      expect(isRight(gold, `${`The answer is $${wrong}$. `.repeat(count)}`), gold).toBe(false);
      expect(isRight(gold, `${"So we think. ".repeat(count)}\\boxed{${wrong}}`), gold).toBe(false);
    }
    expect(isRight(gold, `\\boxed{${right}} or \\boxed{${wrong}}`), gold).toBe(false);
    expect(isRight(gold, `\\boxed{${wrong} \\text{ or } ${right}}`), gold).toBe(false);
  }
});

test("mathVerifier: every number up to 200 is not an answer", () => {
  const all = Array.from({ length: 200 }, (_, i) => `${i}`);
  for (const by of [" ", ", ", " or ", "\n", "; "]) {
    for (const gold of ["0", "7", "199", "12"]) expect(isRight(gold, all.join(by)), `${gold} by ${by}`).toBe(false);
  }
});

test("mathVerifier: a right answer is right by its own gold answer", () => {
  for (const [gold, right] of ANSWERS) {
    expect(isRight(gold, gold)).toBe(true);
    expect(isRight(right, right)).toBe(true);
  }
});
