/** Where two JSON values differ, place by place. */

/** A place that differs. A side on which there is nothing is undefined. */
export interface Difference {
  /** Such as `settings.steps` or `algorithm.choices[2].value`. */
  readonly path: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** All places where two values differ, in the order of `a`. Values are compared as JSON writes them. */
export function differences(a: unknown, b: unknown): Difference[] {
  return walk("", asJson(a), asJson(b));
}

/** `a is 1, b is 2`, each cut to a readable length. */
export function differenceText({ path, a, b }: Difference, [nameA, nameB]: readonly [string, string]): string {
  return `${path}: ${shown(a)} ${nameA}, ${shown(b)} ${nameB}`;
}

function walk(path: string, a: unknown, b: unknown): Difference[] {
  if (isTree(a) && isTree(b) && Array.isArray(a) === Array.isArray(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    const inside = (key: string): string =>
      Array.isArray(a) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    return [...keys].flatMap((key) => walk(inside(key), at(a, key), at(b, key)));
  }
  return Object.is(a, b) ? [] : [{ path, a, b }];
}

function at(tree: object, key: string): unknown {
  return Object.hasOwn(tree, key) ? Reflect.get(tree, key) : undefined;
}

function isTree(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function asJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value) ?? "null");
}

const LONGEST = 80;

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}
