/** What differs between the outputs of two runs of a cell: numbers with a tolerance, figures by their data. */
import type { Json, MimeBundle } from "../executor/events.ts";
import type { Output } from "./format.ts";
import { isBinaryMime } from "./mime.ts";
import { isObject } from "./place.ts";

const PLOTLY = "application/vnd.plotly.v1+json";
/** The representation that is compared: the one nearest to the numbers. */
const PREFERENCE = [PLOTLY, "application/json", "text/plain", "text/markdown", "text/latex", "text/html"] as const;
const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi;

/**
 * Differences in words, none where the outputs agree.
 *
 * Text agrees when its words do and its numbers are within the tolerance; blanks and colours do not count, nor does
 * standard error, nor the lines of `check` (their bands decide). A figure agrees when the data of its traces do, each
 * list of numbers within the tolerance of its largest; its layout does not count. Pictures are compared where there is
 * nothing else.
 *
 * @param tolerance relative to the larger of two numbers, and absolute below 1e-12
 */
export function compareOutputs(before: readonly Output[], after: readonly Output[], tolerance: number): string[] {
  const [old, now] = [significant(before), significant(after)];
  const differences = compareText("the printed text", old.text, now.text, tolerance);
  if (old.shown.length !== now.shown.length) {
    return [...differences, `${old.shown.length} outputs before, ${now.shown.length} now`];
  }
  for (const [i, output] of old.shown.entries()) {
    const other = now.shown[i];
    const where = old.shown.length === 1 ? "the output" : `output ${i + 1}`;
    if (other) differences.push(...compareShown(where, output, other, tolerance));
  }
  return differences;
}

type Shown = Exclude<Output, { output_type: "stream" }>;

function significant(outputs: readonly Output[]): { text: string; shown: Shown[] } {
  let text = "";
  const shown: Shown[] = [];
  for (const output of outputs) {
    if (output.output_type !== "stream") shown.push(output);
    else if (output.name === "stdout") text += output.text;
  }
  return { text: text.replaceAll(/^check \S+ .*\n?/gm, ""), shown };
}

function compareShown(where: string, before: Shown, after: Shown, tolerance: number): string[] {
  if (before.output_type === "error" || after.output_type === "error") {
    const name = (output: Shown): string => (output.output_type === "error" ? output.ename : "an output");
    return name(before) === name(after) ? [] : [`${where}: ${name(before)} before, ${name(after)} now`];
  }
  return compareBundles(where, before.data, after.data, tolerance);
}

function compareBundles(where: string, before: MimeBundle, after: MimeBundle, tolerance: number): string[] {
  const mime = PREFERENCE.find((one) => before[one] !== undefined || after[one] !== undefined);
  if (mime === undefined) return comparePictures(where, before, after);
  const [old, now] = [before[mime], after[mime]];
  if (old === undefined || now === undefined) return [`${where}: ${mime} only ${old === undefined ? "now" : "before"}`];
  if (mime === PLOTLY) return compareFigures(where, old, now, tolerance);
  if (mime === "application/json") return compareJson(where, old, now, tolerance);
  const plain = mime === "text/html" ? htmlText : String;
  return compareText(where, plain(old), plain(now), tolerance);
}

function comparePictures(where: string, before: MimeBundle, after: MimeBundle): string[] {
  const changed = Object.keys({ ...before, ...after }).filter((mime) => before[mime] !== after[mime]);
  return changed.map((mime) => `${where}: the ${isBinaryMime(mime) ? "picture" : "content"} (${mime}) differs`);
}

/** What a reader sees of HTML. */
function htmlText(html: Json): string {
  const code = /<(script|style)\b[^>]*>[\s\S]*?<\/\1>/gi;
  return String(html)
    .replaceAll(code, " ")
    .replaceAll(/<[^>]*>/g, " ");
}

function compareText(where: string, before: string, after: string, tolerance: number): string[] {
  const [old, now] = [words(before), words(after)];
  for (let i = 0; i < Math.max(old.length, now.length); i++) {
    const [was, is] = [old[i], now[i]];
    if (was === undefined) return [`${where}: "${is}" is new`];
    if (is === undefined) return [`${where}: "${was}" is gone`];
    if (!sameWord(was, is, tolerance)) return [`${where}: "${was}" before, "${is}" now`];
  }
  return [];
}

function words(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  const plain = text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "").trim();
  return plain === "" ? [] : plain.split(/[\s─-╿]+/);
}

function sameWord(before: string, after: string, tolerance: number): boolean {
  if (before === after) return true;
  if (before.replaceAll(NUMBER, "#") !== after.replaceAll(NUMBER, "#")) return false;
  const [old, now] = [before.match(NUMBER) ?? [], after.match(NUMBER) ?? []];
  return old.every((number, i) => near(Number(number), Number(now[i]), tolerance));
}

function near(a: number, b: number, tolerance: number, scale = 0): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Math.abs(a - b) <= Math.max(tolerance * Math.max(Math.abs(a), Math.abs(b), scale), 1e-12);
}

function compareJson(where: string, before: Json, after: Json, tolerance: number): string[] {
  const differs = firstDifference(before, after, tolerance, "");
  return differs === undefined ? [] : [`${where}${differs}`];
}

/** The first place where two values differ, in words; numbers of one list share its scale. */
function firstDifference(a: Json, b: Json, tolerance: number, path: string, scale = 0): string | undefined {
  if (typeof a === "number" && typeof b === "number") {
    return near(a, b, tolerance, scale) ? undefined : `${path}: ${a} before, ${b} now`;
  }
  if (isList(a) && isList(b)) {
    if (a.length !== b.length) return `${path}: ${a.length} values before, ${b.length} now`;
    const largest = a.reduce<number>((most, one) => Math.max(most, typeof one === "number" ? Math.abs(one) : 0), 0);
    for (const [i, one] of a.entries()) {
      const found = firstDifference(one, b[i] ?? null, tolerance, `${path}[${i}]`, largest);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const found = firstDifference(a[key] ?? null, b[key] ?? null, tolerance, `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return a === b ? undefined : `${path}: ${brief(a)} before, ${brief(b)} now`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function brief(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

/** Figures by the data of their traces. */
function compareFigures(where: string, before: Json, after: Json, tolerance: number): string[] {
  const [old, now] = [traces(before), traces(after)];
  if (old.length !== now.length) return [`${where}: a figure of ${old.length} traces before, of ${now.length} now`];
  return old.flatMap((trace, i) => {
    const [was, is] = [traceData(trace), traceData(now[i] ?? null)];
    const differs = firstDifference(was, is, tolerance, "");
    const name = isObject(trace) && typeof trace.name === "string" ? ` (${trace.name})` : "";
    return differs === undefined ? [] : [`${where}: trace ${i + 1}${name}${differs}`];
  });
}

function traces(figure: Json): readonly Json[] {
  const data = isObject(figure) ? (figure.data ?? null) : null;
  return isList(data) ? data : [];
}

/** What a trace shows: its kind, its name, its lists (x, y, z, text, labels …), the lengths of its error bars. */
function traceData(trace: Json): Json {
  if (!isObject(trace)) return trace;
  const kept = Object.entries(trace).filter(
    ([key, value]) =>
      key === "type" || key === "name" || (isList(value) && key !== "colorscale") || /^error_/.test(key),
  );
  return Object.fromEntries(kept);
}
