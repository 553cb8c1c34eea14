/** What stored runs are asked for. */
import { refuse } from "../refuse.ts";

/** What is asked for. A pair is a range, both ends included. */
export interface RunQuery {
  /** Names of runs. Default: all. */
  readonly run?: string | readonly string[];
  readonly step?: number | readonly [from: number, to: number];
  readonly problem?: string;
  readonly reward?: number | readonly [from: number, to: number];
  readonly status?: string;
  /** Rows at most. Default: all. */
  readonly limit?: number;
}

/** Both ends of a range. @throws UsageError when it is none */
export function rangeOf(name: string, of: number | readonly [number, number]): readonly [number, number] {
  const [from, to] = typeof of === "number" ? [of, of] : of;
  if (!Number.isNaN(from) && !Number.isNaN(to) && from <= to) return [from, to];
  return refuse("runs", `${name} is from ${from} to ${to}`, "pass a number, or a pair of which the first is the lower");
}
