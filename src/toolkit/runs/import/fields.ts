/** Fields of rows that others wrote: every wrong kind becomes a sentence with the field's name. */
import { createHash } from "node:crypto";
import type { BadRow, ImportRecord, Place } from "./record.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Thrown while a row is read, caught by {@link attempt}: the row is bad, the file goes on. */
class RowProblem extends Error {
  override readonly name = "RowProblem";
  readonly field: string | undefined;

  constructor(problem: string, field?: string) {
    super(problem);
    this.field = field;
  }
}

/** Gives the row up. */
export function badField(field: string | undefined, problem: string): never {
  throw new RowProblem(problem, field);
}

/** What `read` makes of a row, or the row's complaint. */
export function attempt(place: Place, read: () => readonly ImportRecord[]): readonly ImportRecord[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RowProblem)) throw error;
    return [badRow(place, error.message, error.field)];
  }
}

export function badRow(place: Place, problem: string, field?: string): BadRow {
  return { kind: "bad row", ...place, ...(field === undefined ? {} : { field }), problem };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** How a wrong value is shown in a complaint. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function optionalText(row: Fields, field: string): string | undefined {
  const value = row[field];
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : badField(field, `is ${shown(value)}, not a text`);
}

export function text(row: Fields, field: string): string {
  return optionalText(row, field) ?? badField(field, "is missing");
}

/** A number, or a whole number in a bigint; true and false are 1 and 0. */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "bigint" ? Number(value) : undefined;
}

function number(row: Fields, field: string): number {
  const value = row[field];
  if (value === undefined || value === null) return badField(field, "is missing");
  return asNumber(value) ?? badField(field, `is ${shown(value)}, not a number`);
}

/** A score: null where the peer had none (None, NaN), which is not the same as 0. */
export function score(row: Fields, field: string): number | null {
  const value = row[field];
  if (value === undefined) return badField(field, "is missing");
  if (value === null) return null;
  const found = asNumber(value) ?? badField(field, `is ${shown(value)}, not a number`);
  return Number.isNaN(found) ? null : found;
}

/** A step: a whole number from 0 (−1 is "before training" with some peers). */
export function step(row: Fields, field: string): number {
  const value = number(row, field);
  return Number.isSafeInteger(value) && value >= -1 ? value : badField(field, `is ${value}, not a step`);
}

export function list(row: Fields, field: string): readonly unknown[] {
  const value = row[field];
  if (value === undefined || value === null) return badField(field, "is missing");
  return Array.isArray(value) ? value : badField(field, `is ${shown(value)}, not a list`);
}

/** Numbers of a list; null is NaN. */
export function numbers(row: Fields, field: string): Float64Array {
  const values = list(row, field);
  return Float64Array.from(values, (value, i) => {
    if (value === null) return Number.NaN;
    return asNumber(value) ?? badField(`${field}[${i}]`, `is ${shown(value)}, not a number`);
  });
}

/** Token ids. */
export function tokenIds(row: Fields, field: string): Int32Array {
  const values = numbers(row, field);
  const wrong = values.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id < 2 ** 31));
  if (wrong >= 0) badField(`${field}[${wrong}]`, `is ${values[wrong]}, not a token id`);
  return Int32Array.from(values);
}

/** The row without some of its fields. */
export function others(row: Fields, ...known: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !known.includes(name)));
}

/** The numbers among a row's fields, nested objects flattened with `/`; texts and lists are left out. */
export function numericFields(row: Fields, skip: readonly string[] = []): Record<string, number> {
  const found: Record<string, number> = {};
  const pending: [string, unknown][] = Object.entries(row).filter(([name]) => !skip.includes(name));
  for (const [name, value] of pending) {
    const as = asNumber(value);
    if (as !== undefined) found[name] = as;
    else if (isFields(value) && name.split("/").length < 16) {
      for (const [inner, deeper] of Object.entries(value)) pending.push([`${name}/${inner}`, deeper]);
    }
  }
  return found;
}

/** A problem's id where the dump has none: the same prompt with the same gold answer is the same problem. */
export function contentId(...parts: readonly (string | undefined)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part === undefined ? -1 : part.length}:${part ?? ""}`);
  return `p-${hash.digest("hex").slice(0, 16)}`;
}

/** A text, or anything else as JSON: gold answers and prompts come as either. */
export function anyText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
}

/** The text of a message, or of a conversation's last message by `role`. */
export function messageText(value: unknown, role?: string): string | undefined {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) {
    const of = value.filter((part) => isFields(part) && (role === undefined || part.role === role));
    const parts = role === undefined ? of : of.slice(-1);
    const texts = parts.map((part) => (isFields(part) ? (messageText(part.content) ?? anyText(part.text)) : undefined));
    return texts.length === 0 ? undefined : texts.map((part) => part ?? "").join("");
  }
  return isFields(value) ? messageText(value.content, role) : undefined;
}
