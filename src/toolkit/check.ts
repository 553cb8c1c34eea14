/** A claim that a notebook or script asserts: a value and the band it has to lie in. */
import { refuse } from "./refuse.ts";

/** What a check found, as told to the host of the cell. */
export interface CheckResult {
  readonly name: string;
  readonly value: number;
  /** Lowest and highest value that pass, both included. */
  readonly band: readonly [number, number];
  readonly ok: boolean;
}

const HOST = Symbol.for("rlvr.check");

/**
 * Prints `check <name> <value> <low>..<high> ok` (or `FAIL`) and tells the host. In a notebook of this project the cell
 * then fails, after all its lines; in a plain script the exit code becomes 1. A value that is NaN fails.
 *
 * @param name without blanks, such as `"pass@1.gain"`
 * @param band lowest and highest value that pass; `Infinity` leaves a side open
 */
export function check(name: string, value: number, band: readonly [number, number]): void {
  const [low, high] = band;
  if (!/^\S+$/.test(name)) refuse("check", `name is ${JSON.stringify(name)}`, "pass a name without blanks");
  if (typeof value !== "number") refuse("check", `the value of ${name} is ${String(value)}`, "pass a number");
  if (!(low <= high)) refuse("check", `the band of ${name} is ${low}..${high}`, "pass [lowest, highest]");
  const result: CheckResult = { name, value, band: [low, high], ok: value >= low && value <= high };
  process.stdout.write(`check ${name} ${short(value)} ${short(low)}..${short(high)} ${result.ok ? "ok" : "FAIL"}\n`);
  const host: unknown = Reflect.get(globalThis, HOST);
  if (typeof host === "function") host(result);
  else if (!result.ok) process.exitCode = 1;
}

/** Up to six significant digits; a value is rounded toward nothing that would hide a failure by more than that. */
function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
}
