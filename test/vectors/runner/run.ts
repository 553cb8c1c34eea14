/** Runs the cases of a vector file through the adapter of their method. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { refuse } from "../../../src/toolkit/refuse.ts";
import { differences, TOLERANCE } from "./compare.ts";

/** One case of a function's form. */
export interface VectorCase {
  /** Id of the form, such as "ucas/0". */
  readonly form: string;
  readonly name?: string;
  readonly inputs: unknown;
  /** The result, or `{ error: true }` for a refusal. */
  readonly expected: unknown;
  /** Default 1e-6. */
  readonly tolerance?: number;
}

export interface VectorOutcome {
  readonly passed: number;
  /** One text for each failed case: which it is and what differs. */
  readonly failures: readonly string[];
}

/** An adapter's function: from the inputs of a form to its result. An input that is null does not come: it is left out. */
export type Evaluate = (inputs: unknown, form: string) => unknown;

const folder = new URL("../", import.meta.url);

/**
 * All cases of a file; a file or an adapter that cannot be read is a failure of its own.
 *
 * @param path default `test/vectors/<slug>.json`
 */
export async function runVectors(slug: string, path?: string): Promise<VectorOutcome> {
  try {
    const evaluate = await adapterOf(slug);
    return await runCases(casesOf(slug, path), evaluate);
  } catch (error) {
    return { passed: 0, failures: [`FAIL ${slug}: ${messageOf(error)}`] };
  }
}

/** Runs cases one after the other. */
export async function runCases(cases: readonly unknown[], evaluate: Evaluate): Promise<VectorOutcome> {
  const failures: string[] = [];
  for (const [i, given] of cases.entries()) {
    const wrong = await failureOf(given, evaluate);
    if (wrong.length > 0) failures.push(`FAIL ${titleOf(given, i)}\n${wrong.map((line) => `  ${line}`).join("\n")}`);
  }
  return { passed: cases.length - failures.length, failures };
}

/**
 * An adapter's `evaluate`. Its `nullable` names the inputs, if any, in which null is a value of its own; its `inputs` those
 * of each form, apart by spaces, with a `?` where one may be left out: another name, or one that is missing, is refused.
 *
 * @throws Error when there is no adapter of that name, or it does not load
 */
export async function adapterOf(slug: string): Promise<Evaluate> {
  const url = new URL(`${slug}.ts`, folder);
  if (!/^[a-z0-9-]+$/.test(slug) || !existsSync(url)) {
    throw new Error(`there is no adapter test/vectors/${slug}.ts; name a method that has one`);
  }
  const { evaluate, nullable = [], inputs: named = {} }: Adapter = await import(url.href);
  if (typeof evaluate !== "function") throw new Error(`test/vectors/${slug}.ts exports no function evaluate`);
  return (inputs, form) => {
    const given = withoutNull(inputs, nullable);
    if (named[form] !== undefined) checkNames(form, named[form], isObject(given) ? given : {});
    return Reflect.apply(evaluate, undefined, [given, form]);
  };
}

interface Adapter {
  readonly evaluate?: unknown;
  readonly nullable?: readonly string[];
  readonly inputs?: Readonly<Record<string, string>>;
}

function checkNames(form: string, named: string, given: Readonly<Record<string, unknown>>): void {
  const names = named.split(" ");
  const all = names.map((name) => name.replace("?", ""));
  const odd = Object.keys(given).find((name) => !all.includes(name));
  if (odd !== undefined) refuse(form, `there is no input ${odd}`, `pass ${all.join(", ")}`);
  const absent = names.find((name) => !name.endsWith("?") && !Object.hasOwn(given, name));
  if (absent !== undefined) refuse(form, `the input ${absent} is missing`, "pass it");
}

/** @throws Error when the file cannot be read, is not JSON, or holds no cases of that method */
export function casesOf(slug: string, path?: string): readonly unknown[] {
  const text = readFileSync(path === undefined ? new URL(`${slug}.json`, folder) : resolve(path), "utf8");
  const file: unknown = JSON.parse(quoted(text));
  if (!isObject(file) || !Array.isArray(file.cases)) throw new Error("the file is not an object with a list of cases");
  if (file.slug !== slug) throw new Error(`the file's slug is ${JSON.stringify(file.slug)}`);
  if (file.cases.length === 0) throw new Error("the file holds no case");
  return file.cases;
}

/** Bare NaN and Infinity, which Python writes, as texts; what stands in quotes is left alone. */
function quoted(text: string): string {
  return text.replace(/"(?:\\.|[^"\\])*"|-?\b(?:NaN|Infinity)\b/g, (part) =>
    part.startsWith('"') ? part : `"${part}"`,
  );
}

async function failureOf(given: unknown, evaluate: Evaluate): Promise<string[]> {
  if (!isCase(given)) return ["a case has the keys form, inputs, expected and perhaps name and tolerance (0 or more)"];
  const { form, inputs, expected, tolerance = TOLERANCE } = given;
  const refusal = isObject(expected) && expected.error === true;
  try {
    const got = await evaluate(numbersIn(inputs), form);
    return differences(got, expected, tolerance).map((line) => (refusal ? `no refusal; ${line}` : line));
  } catch (error) {
    if (refusal && error instanceof Error && error.name === "UsageError") return [];
    return [`${refusal ? "not refused but failed" : "threw"}: ${messageOf(error)}`];
  }
}

/** Inputs without those that are null, which stands for what is left out; within lists null keeps its meaning. */
function withoutNull(inputs: unknown, nullable: readonly string[]): unknown {
  if (!isObject(inputs)) return inputs;
  return Object.fromEntries(
    Object.entries(inputs).filter(([name, value]) => value !== null || nullable.includes(name)),
  );
}

/** Inputs whose texts "NaN", "Infinity" and "-Infinity" are numbers: JSON has none of these. */
function numbersIn(value: unknown): unknown {
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  if (Array.isArray(value)) return value.map(numbersIn);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, numbersIn(entry)]));
}

function isCase(given: unknown): given is VectorCase {
  if (!isObject(given)) return false;
  const { form, tolerance } = given;
  const tolerable = tolerance === undefined || (typeof tolerance === "number" && tolerance >= 0);
  return typeof form === "string" && "inputs" in given && given.expected !== undefined && tolerable;
}

function titleOf(given: unknown, index: number): string {
  const { form, name }: { readonly form?: unknown; readonly name?: unknown } = isObject(given) ? given : {};
  return `case ${index} (${typeof form === "string" ? form : "no form"}${typeof name === "string" ? `, ${name}` : ""})`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
