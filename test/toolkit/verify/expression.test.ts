import { expect, test } from "vitest";
import { rng } from "../../../src/toolkit/rng.ts";
import {
  type Expression,
  evaluateExpression,
  formatExpression,
  type Operator,
  parseExpression,
} from "../../../src/toolkit/verify/expression.ts";
import { combine, formatRational, rational } from "../../../src/toolkit/verify/rational.ts";

function compute(text: string): string | undefined {
  const parsed = parseExpression(text);
  if (parsed.kind === "unparsed") throw new Error(parsed.reason);
  const value = evaluateExpression(parsed.expression);
  return value && formatRational(value);
}

test.each([
  ["7", "7"],
  ["2+3*4", "14"],
  ["(2+3)*4", "20"],
  ["10-3-4", "3"], // (10 - 3) - 4, not 10 - (3 - 4) = 11
  ["24/4/2", "3"], // (24 / 4) / 2, not 24 / 2 = 12
  ["24/4*2", "12"],
  ["2-5", "-3"],
  ["8/(3-8/3)", "24"], // 8 / (1/3)
  ["1/3+1/6", "1/2"],
  ["1/3*3", "1"],
  ["((7))", "7"],
  ["999999999*999999999*999999999", "999999997000000002999999999"], // (10^9 - 1)^3
])("expression: %s is %s", (text, value) => {
  expect(compute(text)).toBe(value);
});

test.each(["1/0", "5/(3-3)", "1/(0*7)", "1+2/(4-2*2)"])("expression: %s has no value", (text) => {
  expect(compute(text)).toBe(undefined);
});

test("expression: numbers are listed from left to right", () => {
  const parsed = parseExpression("3*(5+7)-3");
  expect(parsed).toMatchObject({ kind: "expression", numbers: [3, 5, 7, 3] });
});

test.each([
  "",
  "+",
  "3+",
  "+3",
  "-3",
  "3--3",
  "3 +5",
  "3+5 ",
  "(3+5",
  "3+5)",
  "()",
  "(3)(5)",
  "3(5)",
  "03",
  "3.0",
  "3e2",
  "3**2",
  "3^2",
  "3//2",
  "x",
  "3+5=8",
  "٣+٥",
  "３+５",
  "3×5",
  "3−5",
  "1234567890",
])("expression: %j is unparsed", (text) => {
  const parsed = parseExpression(text);
  expect(parsed.kind).toBe("unparsed");
});

test("expression: a huge or deep input is refused without a stack overflow", () => {
  for (const text of ["(".repeat(1e6), `${"(".repeat(33)}3${")".repeat(33)}`, "3+".repeat(1e6), "3*3".repeat(1e5)]) {
    const parsed = parseExpression(text);
    expect(parsed.kind).toBe("unparsed");
    expect(JSON.stringify(parsed).length).toBeLessThan(300);
  }
  expect(parseExpression(`${"(".repeat(32)}3${")".repeat(32)}`).kind).toBe("expression");
});

test("expression: format and parse are inverse on 2,000 random trees, and values match floats", () => {
  const random = rng({ seed: 1, stream: "trees" });
  const tree = (depth: number): Expression =>
    depth === 0 || random.uniform() < 0.2
      ? { kind: "number", value: random.integer(30) }
      : {
          kind: "operation",
          operator: random.pick<Operator>(["+", "-", "*", "/"]),
          left: tree(depth - 1),
          right: tree(depth - 1),
        };
  for (let i = 0; i < 2000; i++) {
    const expression = tree(4);
    const text = formatExpression(expression);
    expect(parseExpression(text)).toMatchObject({ expression });
    // The grammar is a part of JavaScript's, so its own evaluator is the reference.
    const reference = Number(new Function(`return ${text}`)());
    const value = evaluateExpression(expression);
    if (value === undefined) expect(Number.isFinite(reference) && !text.includes("/")).toBe(false);
    else {
      const float = Number(value.numerator) / Number(value.denominator);
      if (Number.isFinite(reference)) expect(Math.abs(float - reference)).toBeLessThan(1e-6 * (1 + Math.abs(float)));
    }
  }
});

test("rational: lowest terms, positive denominator", () => {
  expect(rational(6n, -4n)).toEqual({ numerator: -3n, denominator: 2n });
  expect(rational(0n, -4n)).toEqual({ numerator: 0n, denominator: 1n });
  expect(() => rational(1n, 0n)).toThrow("internal: a fraction with denominator 0");
});

test("rational: 1/2 with 1/3", () => {
  const [a, b] = [rational(1n, 2n), rational(1n, 3n)];
  const results = (["+", "-", "*", "/"] as const).map((operator) => combine(a, operator, b));
  expect(results.map((value) => value && formatRational(value))).toEqual(["5/6", "1/6", "1/6", "3/2"]);
  expect(combine(a, "/", rational(0n))).toBe(undefined);
});
