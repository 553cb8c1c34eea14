/** What a session needs from the executor process around it. */
import type { OwnerContext } from "./context.ts";
import type { CellError } from "./events.ts";
import type { CellImports } from "./imports.ts";
import type { Interrupts } from "./interrupts.ts";
import type { OutputPipe } from "./output.ts";
import type { CellRun } from "./run.ts";
import type { SharedState } from "./shared-state.ts";
import type { Stacks } from "./stack.ts";

export interface CellServices {
  readonly output: OutputPipe;
  readonly context: OwnerContext<CellRun>;
  readonly interrupts: Interrupts;
  readonly imports: CellImports;
  readonly stacks: Stacks;
  readonly state: SharedState;
  /** `import.meta` of cells. */
  readonly meta: object;
  /** The run that code belongs to which was written in the cell of `lexical`. */
  ownerFrom(lexical: CellRun): CellRun;
  /** Names that a cell sees beside the session's and the globals. */
  injected(run: CellRun): Readonly<Record<string, unknown>>;
  pick(run: CellRun, module: object, name: string, specifier: string, offset: number): unknown;
  describe(error: unknown, run: CellRun): CellError;
}
