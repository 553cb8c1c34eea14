/** Checks of option objects, so that a misspelt name or a value of the wrong kind is refused before anything runs. */
import { refuse } from "./refuse.ts";

/** What an option has to be. Bounds are included, except `above` and `below`. */
export type OptionRule = {
  readonly required?: boolean;
} & (
  | { readonly kind: "integer"; readonly min?: number; readonly max?: number }
  | {
      readonly kind: "number";
      readonly min?: number;
      readonly max?: number;
      readonly above?: number;
      readonly below?: number;
    }
  | { readonly kind: "boolean" | "string" | "function" | "object" | "array" }
  | { readonly kind: "either"; readonly values: readonly (string | number | boolean)[] }
  /** A number in the bounds, or a function that gives one. */
  | { readonly kind: "schedule"; readonly min?: number; readonly above?: number }
);

/**
 * The options, before they are taken apart or spread: null, a number or a list would pass for none.
 *
 * @throws UsageError for what is no object of options
 */
export function optionsObject<O extends object>(where: string, options: O): O {
  const given: unknown = options;
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return options;
  return refuse(where, `the options are ${shown(given)}`, "pass an object");
}

/**
 * Refuses options that are not in `rules`, are missing, or are of the wrong kind or range; names the option, its value
 * and the remedy. `undefined` counts as left out.
 *
 * @param where the function whose options they are, such as `"train"`
 */
export function checkOptions(where: string, options: object, rules: Readonly<Record<string, OptionRule>>): void {
  optionsObject(where, options);
  const known = Object.keys(rules);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(rules, name)) continue;
    refuse(where, `there is no option "${name}"`, insteadOf(name, known));
  }
  for (const [name, rule] of Object.entries(rules)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined) checkValue(where, name, value, rule);
    else if (rule.required === true) refuse(where, `the option "${name}" is missing`, `pass ${expectation(rule)}`);
  }
}

function insteadOf(name: string, known: readonly string[]): string {
  if (known.length === 0) return "it takes none";
  const near = nearest(name, known);
  return near ? `did you mean "${near}"?` : `known: ${known.join(", ")}`;
}

/** The options with the defaults of those left out; `undefined` counts as left out. */
export function withDefaults<S extends object>(
  defaults: S,
  options: { readonly [K in keyof S]?: S[K] | undefined },
): S {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.assign({ ...defaults }, Object.fromEntries(given));
}

/** Settings as choices show them: what is absent is "none". */
export function shownChoices<S extends object>(
  settings: S,
): { readonly [K in keyof S]: Exclude<S[K], undefined> | "none" } {
  const entries = Object.entries(settings).map(([name, value]) => [name, value ?? "none"]);
  return Object.fromEntries(entries) as { [K in keyof S]: Exclude<S[K], undefined> | "none" };
}

function checkValue(where: string, name: string, value: unknown, rule: OptionRule): void {
  if (!holds(value, rule)) refuse(where, `${name} is ${shown(value)}`, `pass ${expectation(rule)}`);
}

function holds(value: unknown, rule: OptionRule): boolean {
  switch (rule.kind) {
    case "integer":
      return Number.isSafeInteger(value) && inBounds(Number(value), rule);
    case "number":
      return typeof value === "number" && inBounds(value, rule);
    case "schedule":
      return typeof value === "function" || (typeof value === "number" && inBounds(value, rule));
    case "either":
      return rule.values.some((allowed) => allowed === value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null;
    case "boolean":
    case "string":
    case "function":
      return typeof value === rule.kind;
    default:
      return rule satisfies never;
  }
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
}

function inBounds(value: number, bounds: Bounds): boolean {
  const { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity } = bounds;
  return Number.isFinite(value) && value >= min && value <= max && value > above && value < below;
}

function expectation(rule: OptionRule): string {
  switch (rule.kind) {
    case "integer":
      return `a whole number${bounds(rule)}`;
    case "number":
      return `a number${bounds(rule)}`;
    case "schedule":
      return `a number${bounds(rule)}, or a function of the step that gives one`;
    case "either":
      return `one of ${rule.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "array":
    case "object":
      return `an ${rule.kind}`;
    case "boolean":
    case "string":
    case "function":
      return `a ${rule.kind}`;
    default:
      return rule satisfies never;
  }
}

function bounds({ min, max, above, below }: Bounds): string {
  if (below !== undefined) return `${above === undefined ? ` from ${min}` : ` above ${above}`}, below ${below}`;
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` from ${min}`;
  if (above !== undefined) return ` above ${above}${max === undefined ? "" : `, at most ${max}`}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** The known name within two edits (or one, for names of up to four letters). */
function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({
    candidate,
    distance: edits(name.toLowerCase(), candidate.toLowerCase()),
  }));
  ranked.sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= (name.length <= 4 ? 1 : 2) ? best.candidate : undefined;
}

/** Levenshtein distance. */
function edits(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
