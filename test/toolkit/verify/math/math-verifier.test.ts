import { expect, test } from "vitest";
import { checkGoldAnswers, goldProblem, mathVerifier } from "../../../../src/toolkit/verify/math/index.ts";

const verify = (answer: string, completion: string) => mathVerifier().verify({ answer }, completion);

test("mathVerifier: a verdict says what was read and what was expected", () => {
  expect(verify("\\frac12", "so it is \\boxed{0.5}")).toMatchObject({ score: 1, status: "correct", parsed: "0.5" });
  expect(verify("4", "\\boxed{5}")).toMatchObject({ score: 0, status: "wrong", reason: '"5" is not "4"', parsed: "5" });
  expect(verify("4", "\\boxed{\\frac{1}{}")).toMatchObject({ score: 0, status: "unparsed" });
  expect(verify("4", " \n ")).toMatchObject({ score: 0, status: "unparsed", reason: "the completion is empty" });
  expect(verify("4", "I do not know")).toMatchObject({ score: 0 });
});

test("mathVerifier: a gold answer that cannot be read is the verifier's failure, never the policy's", () => {
  expect(verify("\\frac{1}{", "5")).toMatchObject({ score: null, status: "failed" });
  expect(verify("\\frac{1}{", "\\frac{1}{").status).toBe("correct"); // spelled alike
  expect(verify(undefined as never, "5")).toMatchObject({ score: null, status: "failed" });
  expect(verify("4", undefined as never)).toMatchObject({ score: null, status: "failed" });
});

test("checkGoldAnswers: refuses a data set with the row and the number of bad rows", () => {
  expect(() => checkGoldAnswers(["1", "\\sqrt{2}", "x > 3", "Evelyn", "(C)", "\\{1,2\\}", "12:05"])).not.toThrow();
  expect(() => checkGoldAnswers(["1", "\\frac{1}{", "2", ""])).toThrow(
    /gold answer of row 1 cannot be read: .* \(and 1 more\)/,
  );
  expect(goldProblem(Number.NaN)).toBe("it is a number, not a text");
  expect(goldProblem(null)).toBe("it is null, not a text");
  expect(goldProblem("")).toBe("the answer is empty");
  expect(goldProblem("5")).toBeUndefined();
});

test.each([
  [{ precision: 0 }, "precision is 0"],
  [{ precision: 2.5 }, "precision is 2.5"],
  [{ precision: Number.NaN }, "precision is NaN"],
  [{ extraction: "middle" as never }, 'extraction is "middle"'],
])("mathVerifier: options out of range are refused: %o", (options, message) => {
  expect(() => mathVerifier(options)).toThrow(message);
});

test("mathVerifier: the hash changes with the options", () => {
  const hashes = [
    {},
    { precision: 3 },
    { strict: false },
    { allowSetRelation: true },
    { extraction: "first" as const },
  ];
  expect(new Set(hashes.map((options) => mathVerifier(options).hash)).size).toBe(hashes.length);
  expect(mathVerifier({ precision: 6, strict: true }).hash).toBe(mathVerifier().hash);
});

test("mathVerifier: extraction takes the last, the first or all boxes", () => {
  const completion = "\\boxed{1}. Then, after a while, \\boxed{2}.";
  const status = (answer: string, extraction: "last" | "first" | "all") =>
    mathVerifier({ extraction }).verify({ answer }, completion).status;
  expect([status("1", "last"), status("2", "last")]).toEqual(["wrong", "correct"]);
  expect([status("1", "first"), status("2", "first")]).toEqual(["correct", "wrong"]);
  expect([status("1", "all"), status("2", "all"), status("2, 1", "all")]).toEqual(["wrong", "wrong", "correct"]);
});

test.each([
  ["a megabyte of text", "so ".repeat(350_000)],
  ["a megabyte of digits", "7".repeat(1_000_000)],
  ["a megabyte of braces", "{".repeat(1_000_000)],
  ["a megabyte of boxes", "\\boxed{".repeat(140_000)],
  ["a megabyte of dollars", "$".repeat(1_000_000)],
  ["deep brackets", `${"(".repeat(5000)}5${")".repeat(5000)}`],
  ["deep fractions", `${"\\frac{1}{1+".repeat(4000)}1${"}".repeat(4000)}`],
  ["a tower of powers", `9${"^{9".repeat(50)}${"}".repeat(50)}`],
  ["a factorial of a factorial", "((10!)!)!"],
  ["a huge power", "999999999^{999999999}"],
  ["a sum of many fractions", Array.from({ length: 3000 }, (_, i) => `\\frac{1}{${i + 2}}`).join("+")],
  ["a long sum", `\\boxed{\\sum_{k=1}^{100000} \\sum_{j=1}^{100000} \\sin(jk)}`],
  ["a long list", `\\boxed{${Array.from({ length: 5000 }, (_, i) => `\\sqrt{${i}}`).join(",")}}`],
  ["a large matrix", `\\begin{pmatrix}${"1&".repeat(500)}1\\end{pmatrix}^{64}`],
  ["control signs", "\u0000\u0001\uffff\ud800"],
  ["NaN", "NaN"],
])("mathVerifier: %s has a verdict in a moment", (_, completion) => {
  const answers = ["5", "\\sqrt{2}", "x^2+1", "\\{1,2\\}", completion.slice(0, 300)];
  for (const answer of answers) {
    const { score, reason, ms } = verify(answer, completion);
    expect(score === 0 || score === 1 || score === null).toBe(true);
    expect(reason.length).toBeLessThan(500);
    expect(ms).toBeLessThan(4000); // a second, on a machine that runs three others
  }
});
