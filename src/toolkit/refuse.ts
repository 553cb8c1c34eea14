/** A caller's mistake: where it was, what was wrong (with the value), what to do. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** Throws a {@link UsageError} that reads "where: problem; remedy." */
export function refuse(where: string, problem: string, remedy: string, cause?: unknown): never {
  throw new UsageError(`${where}: ${problem}; ${remedy}.`, cause === undefined ? undefined : { cause });
}
