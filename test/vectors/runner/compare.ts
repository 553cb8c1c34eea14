/** Comparison of what an adapter gave with what a case expects. */

/** Relative above 1, absolute below. */
export const TOLERANCE = 1e-6;

/** Texts that stand for numbers which JSON cannot hold. */
const NUMBERS: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, "-Infinity": -Infinity };

/**
 * What differs, one line each: path, what came, what was expected. Empty when all agrees.
 *
 * Numbers agree within `tolerance · max(1, |expected|)`; NaN and infinities only with themselves (`"NaN"` and such in JSON).
 * Lists (typed arrays are lists too) agree in length and entries. Of an object, the keys that `expected` holds are compared and
 * others are free; null where an object with keys of null is expected has no more to say. All else must be the same value.
 */
export function differences(got: unknown, expected: unknown, tolerance: number = TOLERANCE, path = ""): string[] {
  const differs = [`${path === "" ? "result" : path}: got ${shown(got)}, expected ${shown(expected)}`];
  if (typeof expected === "number") return agree(got, expected, tolerance) ? [] : differs;
  if (typeof expected === "string") {
    const number = NUMBERS[expected];
    return got === expected || (number !== undefined && Object.is(got, number)) ? [] : differs;
  }
  if (Array.isArray(expected)) {
    const list = asList(got);
    if (list?.length !== expected.length) return differs;
    return expected.flatMap((entry: unknown, i) => differences(list[i], entry, tolerance, `${path}[${i}]`));
  }
  if (typeof expected === "object" && expected !== null) {
    if (got === null && Object.values(expected).every((value) => value === null)) return [];
    if (typeof got !== "object" || got === null || asList(got) !== undefined) return differs;
    return Object.entries(expected).flatMap(([key, value]) =>
      differences(Object.hasOwn(got, key) ? Reflect.get(got, key) : undefined, value, tolerance, join(path, key)),
    );
  }
  return got === expected ? [] : differs;
}

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function agree(got: unknown, expected: number, tolerance: number): boolean {
  if (typeof got !== "number") return false;
  if (!Number.isFinite(expected)) return Object.is(got, expected);
  return Math.abs(got - expected) <= tolerance * Math.max(1, Math.abs(expected));
}

function asList(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  return ArrayBuffer.isView(value) && Symbol.iterator in value ? Array.from(value as Iterable<unknown>) : undefined;
}

/** Short text of a value, for messages. */
function shown(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  if (typeof value === "function") return "a function";
  const list = asList(value);
  const text = JSON.stringify(list ?? value, (_, part: unknown) =>
    typeof part === "number" && !Number.isFinite(part) ? String(part) : typeof part === "bigint" ? `${part}n` : part,
  );
  return text.length > 200 ? `${text.slice(0, 200)}…${list ? ` (${list.length} entries)` : ""}` : text;
}
