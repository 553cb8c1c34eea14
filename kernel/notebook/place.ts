/** A place in a notebook file, for messages such as `a.ipynb, cells[3].outputs[0]: ...`. */
import { refuse } from "../../src/toolkit/refuse.ts";
import type { JsonObject } from "./format.ts";

/** Reads values of an expected kind, or refuses them with the place. */
export class Place {
  readonly #file: string;
  readonly #path: string;

  constructor(file: string, path: string) {
    this.#file = file;
    this.#path = path;
  }

  in(part: string): Place {
    return new Place(this.#file, this.#path === "" ? part : `${this.#path}.${part}`);
  }

  wrong(problem: string, remedy: string): never {
    refuse("notebook", `${this.#file}${this.#path === "" ? "" : `, ${this.#path}`}: ${problem}`, remedy);
  }

  object(value: unknown): JsonObject {
    if (!isObject(value)) this.wrong(`${kindOf(value)} where an object belongs`, "repair or re-save the notebook");
    return value;
  }

  array(value: unknown): readonly unknown[] {
    if (!Array.isArray(value)) this.wrong(`${kindOf(value)} where a list belongs`, "repair or re-save the notebook");
    return value;
  }

  string(value: unknown): string {
    if (typeof value !== "string") this.wrong(`${kindOf(value)} where a string belongs`, "repair the notebook");
    return value;
  }

  /** A string, or a list of strings to be joined. */
  text(value: unknown): string {
    if (Array.isArray(value)) return value.map((line) => this.string(line)).join("");
    return this.string(value);
  }

  count(value: unknown): number | null {
    if (value === null || value === undefined) return null;
    if (!Number.isInteger(value)) this.wrong(`execution_count is ${JSON.stringify(value)}`, "pass a whole number");
    return Number(value);
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}
