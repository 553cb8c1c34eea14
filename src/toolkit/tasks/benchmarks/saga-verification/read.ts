/** The published files: problems of TCGBench as JSONL, the tests of one problem as a JSON object. */
import { refuse } from "../../../refuse.ts";
import { isFields } from "../../../runs/import/fields.ts";
import { readObject } from "../shared/read-object.ts";
import { readRecords } from "../shared/records.ts";
import type { TestCase } from "./suites.ts";

export interface CodeProblem {
  readonly id: string;
  readonly title: string;
  readonly statement: string;
  readonly link: string;
  readonly source: string;
  readonly difficulty: string;
}

/** Problems {title, problem, question_id, link, Source, difficulty} from a local file. @throws UsageError with the row */
export async function readCodeProblems(path: string): Promise<CodeProblem[]> {
  const rows = await readRecords("readCodeProblems", path);
  return rows.map((row, i) => {
    const text = (name: string): string => {
      const value = row[name];
      if (typeof value === "string" || typeof value === "number") return `${value}`;
      return refuse("readCodeProblems", `${name} of row ${i} is ${String(value)}`, "pass the published fields");
    };
    return {
      id: text("question_id"),
      title: text("title"),
      statement: text("problem"),
      link: text("link"),
      source: text("Source"),
      difficulty: text("difficulty"),
    };
  });
}

/** Tests of one problem, {case id: {input, output}}, in the order of the numbers in their ids. @throws UsageError with the case */
export async function readTestCases(path: string): Promise<TestCase[]> {
  const cases = Object.entries(await readObject("readTestCases", path)).map(([id, test]) => {
    if (!isFields(test) || typeof test.input !== "string" || typeof test.output !== "string") {
      refuse("readTestCases", `${id} has no texts input and output`, "pass the published file of one problem");
    }
    return { number: Number(/\d+$/.exec(id)?.[0] ?? Number.NaN), test: { input: test.input, output: test.output } };
  });
  if (cases.length === 0) refuse("readTestCases", `${path} holds no test`, "pass the published file of one problem");
  return cases.sort((a, b) => a.number - b.number || 0).map(({ test }) => test);
}
