import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { rng } from "../../../../src/index.ts";
import {
  arithmeticTemplates,
  bootstrapMultiInstance,
  countCorrect,
  evalExpression,
  expandTemplate,
  readVarMath,
  scoreMultiInstance,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

test.each([
  ["2+3*4", 14],
  ["-2**2", -4],
  ["2**-1", 0.5],
  ["2**3**2", 512],
  ["7//2 + -7//2", -1],
  ["-7 % 3", 2],
  ["(1+2)*(3-4)", -3],
  ["2*int(7%4==3)-1", 1],
  ["max(1, 5, 3) + min([4, 2]) + len([1, 1])", 9],
  ["comb(5,2) + factorial(4) + lcm(4, 6)", 46],
  ["int(np.log(3)/np.log(10)*5)+1+3*5", 18],
  ["round(2.5) + round(3.5)", 6],
  ["[1, 2, 3][-1]", 3],
  ["VAR_X*VAR_XY", 21],
])("evalExpression: %s is %d", (src, value) => {
  expect(evalExpression(src, { VAR_X: 3, VAR_XY: 7 })).toBeCloseTo(value, 12);
});

test.each([
  ["1/0", "divides by 0"],
  ["1//(2-2)", "divides by 0"],
  ["x+1", "has the name x, which is not defined"],
  ["__import__('os')", "cannot be read"],
  ["open(1)", "calls open"],
  ["1 +", "ends too early"],
  ["1 2", 'has "2" behind its end'],
  ["(1", 'lacks ")"'],
  ["[1,2]", "is 1,2"],
  ["[1][5]", "has no entry at 5"],
  ["10**400", "is Infinity"],
  ["sum([v for v in range(0, 1000000)])", "a range that is too long"],
  [`${"(".repeat(80)}1${")".repeat(80)}`, "nested too deeply"],
  ["gcd([1, 2])", "has a list for a number"],
])("evalExpression: %s is refused", (src, problem) => {
  expect(() => evalExpression(src)).toThrow(problem);
});

const random = () => rng({ seed: 1, stream: "test" });
const template = {
  id: "4",
  question: "Is $z^VAR_X = VAR_XY$?",
  varInfo: "VAR_X=Random_linespace_[1,100,1]\nVAR_XY=Expression_VAR_X+1",
  varRound: 0,
  answer: "Expression_VAR_X*2",
  answerRound: 0,
};

test("var-math: instances hold five drawn values, in the question and in the answer", () => {
  const instances = expandTemplate(template, { random: random() });
  expect(instances.map(({ id }) => id)).toEqual(["4_0", "4_1", "4_2", "4_3", "4_4"]);
  for (const { question, answer } of instances) {
    const x = answer / 2;
    expect(question).toBe(`Is $z^${x} = ${x + 1}$?`);
  }
  expect(new Set(instances.map(({ answer }) => answer)).size).toBe(5);
  expect(expandTemplate(template, { random: random() })).toEqual(instances);
  expect(expandTemplate(template, { random: random(), maxInstances: 2 })).toHaveLength(2);
});

test("var-math: a problem that is no template stays single; texts stay as written", () => {
  const original = { question: "q", answer: 7 };
  expect(expandTemplate({ ...template, done: false, original }, { random: random() })).toEqual([
    { id: "4", ...original },
  ]);
  expect(() => expandTemplate({ ...template, done: false }, { random: random() })).toThrow("problem 4 has no original");
  const fractions = {
    ...template,
    question: "VAR_X and VAR_Y",
    varInfo: "VAR_X=Fixed_Set_{1/3,1/2}\nVAR_Y=Expression_(1+VAR_X) / (1-VAR_X)",
    varRound: -1,
    answer: "Expression_VAR_X*6",
  };
  const made = expandTemplate(fractions, { random: random() });
  expect(made.map(({ question, answer }) => [question, answer])).toEqual([
    ["1/3 and 2", 2],
    ["1/2 and 3", 3],
  ]);
  expect(() => expandTemplate({ ...fractions, varRound: 0 }, { random: random() })).toThrow('"1/3" of Fixed_Set_');
});

test("var-math: the sampled bootstrap comes near the closed form; in turn it is exact where rounds divide", () => {
  const correct = [
    [
      [1, 0, 1, 1],
      [1, 1, 0, 0],
    ],
    [[0, 0, 0, 1]],
  ];
  const counts = correct.map((instances) =>
    instances.map((samples) => [samples.filter((x) => x === 1).length, samples.length] as const),
  );
  const exact = scoreMultiInstance(counts);
  for (const agg of ["loose", "strict"] as const) {
    const { mean, std } = bootstrapMultiInstance({ correct, random: random(), rounds: 8000, agg });
    expect(Math.abs(mean - exact[agg])).toBeLessThan(0.02); // standard error 0.003
    expect(Math.abs(std - exact[`${agg}Std`])).toBeLessThan(0.02);
  }
  const inTurn = bootstrapMultiInstance({ correct, random: random(), rounds: 1000, agg: "loose", draw: "in turn" });
  expect(inTurn.mean).toBeCloseTo(exact.loose, 12);
  expect(() => bootstrapMultiInstance({ correct: [[[]]], random: random(), agg: "loose" })).toThrow("lacks samples");
  expect(() => bootstrapMultiInstance({ correct: [[[2]]], random: random(), agg: "loose" })).toThrow("has a 2");
});

test("var-math: one who memorised fixed answers collapses on instances, one who computes does not", () => {
  const templates = arithmeticTemplates({ count: 20, seed: 3 });
  const instances = templates.flatMap((made) => expandTemplate(made, { random: random() }));
  expect(instances).toHaveLength(100);
  expect(instances.every(({ answer, question }) => Number.isInteger(answer) && !question.includes("VAR_"))).toBe(true);
  const [first] = [instances.filter(({ id }) => id.endsWith("_0"))];
  const memory = new Map(first.map(({ id, answer }) => [id.split("_")[0], answer]));
  const said = (of: (id: string, answer: number) => number | undefined) =>
    Object.fromEntries(instances.map(({ id, answer }) => [id, [`so \\boxed{${of(id, answer)}}`]]));
  const learned = scoreMultiInstance(
    countCorrect(
      instances,
      said((_, answer) => answer),
    ),
  );
  const memorised = scoreMultiInstance(
    countCorrect(
      instances,
      said((id) => memory.get(id.split("_")[0])),
    ),
  );
  expect(learned).toMatchObject({ loose: 1, strict: 1 });
  expect(
    scoreMultiInstance(
      countCorrect(
        first,
        said((id) => memory.get(id.split("_")[0])),
      ),
    ).loose,
  ).toBe(1);
  expect(memorised.strict).toBe(0);
  expect(memorised.loose).toBeLessThan(0.35);
  expect(() => countCorrect(instances, {})).toThrow("instance 0_0 has no completion");
});

const folder = mkdtempSync(join(tmpdir(), "rlvr-var-math-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("var-math: the released CSV is read, quoted line breaks and all", async () => {
  const head =
    "id,ori_answer,url,ori_question,VAR_question,VAR_info,VAR_round,VAR_answer,VAR_answer_round,done,ori_var,check";
  const rows = [
    `0,27,u,"Two ""words"", then 18","VAR_X, then","VAR_X=Fixed_Set_{1,2}\nVAR_Y=Expression_VAR_X+1",0,Expression_VAR_Y,0,1,x,1`,
    "1,36,u,Just this,,,,,,0,,1",
  ];
  const path = join(folder, "a.csv");
  writeFileSync(path, `\uFEFF${[head, ...rows].join("\r\n")}\r\n`);
  const templates = await readVarMath(path);
  expect(templates.map(({ original }) => original)).toEqual([
    { question: 'Two "words", then 18', answer: 27 },
    { question: "Just this", answer: 36 },
  ]);
  expect(templates.flatMap((made) => expandTemplate(made, { random: random() }).map(({ answer }) => answer))).toEqual([
    2, 3, 36,
  ]);
  const broken = async (text: string) => {
    writeFileSync(join(folder, "b.csv"), text);
    return await readVarMath(join(folder, "b.csv"));
  };
  await expect(broken(`${head}\n0,x`)).rejects.toThrow("row 0 of");
  await expect(broken(`${head}\n"0,1`)).rejects.toThrow("has an open quote");
  await expect(broken("id,done\n0,1")).rejects.toThrow("has no column ori_answer");
  await expect(broken(`${head}\n0,,u,q,v,i,0,a,0,1,,`)).rejects.toThrow('ori_answer of row 0 is ""');
  await expect(readVarMath(join(folder, "none.csv"))).rejects.toThrow("ENOENT");
});
