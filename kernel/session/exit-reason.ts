/** Why an executor process ended, in words. */

export interface ExitFacts {
  readonly code: number | null;
  readonly signal: string | null;
  /** What the process itself said before it ended. */
  readonly announced: string | undefined;
  /** The last text on its standard error. */
  readonly stderrTail: string;
  /** This supervisor ended it, and why. */
  readonly killed: string | undefined;
}

export function exitReason({ code, signal, announced, stderrTail, killed }: ExitFacts): string {
  if (killed) return killed;
  if (/heap out of memory|Allocation failed|OOM error/.test(stderrTail)) return `out of memory${heapLimit(stderrTail)}`;
  if (announced) return announced;
  const fatal = /FATAL ERROR: (.*)|(#? ?Fatal error in .*)|Assertion `(.*)' failed/.exec(stderrTail);
  if (fatal) return `Node.js crashed: ${(fatal[1] ?? fatal[2] ?? fatal[3] ?? "").trim()}`;
  if (signal === "SIGKILL") return "killed by the system (SIGKILL), perhaps for memory";
  if (signal) return `ended by signal ${signal}`;
  return `ended with exit code ${code ?? "unknown"}`;
}

/** " (JavaScript heap at 512 MB)", from the garbage collector's last line. */
function heapLimit(stderr: string): string {
  const sizes = [...stderr.matchAll(/(\d+(?:\.\d+)?) \((\d+(?:\.\d+)?)\) -> /g)];
  const last = sizes.at(-1)?.[1];
  return last ? ` (JavaScript heap at ${Math.round(Number(last))} MB)` : "";
}
