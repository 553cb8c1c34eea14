/** Runs cells in a real executor process and gathers what they show. */
import { mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CellOutcome, ExecutorEvent } from "../../kernel/executor/events.ts";
import { ExecutorProcess, type SpawnOptions } from "../../kernel/session/supervisor.ts";

export interface CellRecord {
  readonly index: number;
  readonly outcome: CellOutcome;
  readonly events: readonly ExecutorEvent[];
}

export interface Notebook {
  readonly executor: ExecutorProcess;
  /** Every event of every cell, in order of arrival. */
  readonly all: readonly ExecutorEvent[];
  /** Runs a cell to its end. */
  run(source: string): Promise<CellRecord>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function temporaryFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), "rlvr-kernel-")));
}

export async function openNotebook(options: Partial<SpawnOptions> = {}): Promise<Notebook> {
  const executor = await ExecutorProcess.spawn({ cwd: temporaryFolder(), ...options });
  const all: ExecutorEvent[] = [];
  let count = 0;
  return {
    executor,
    all,
    async run(source) {
      const index = ++count;
      const events: ExecutorEvent[] = [];
      const outcome = await executor.execute({ index, id: `c${index}`, source }, (event) => {
        events.push(event);
        all.push(event);
      });
      return { index, outcome, events };
    },
    [Symbol.asyncDispose]: () => executor.close(),
  };
}

export function text(events: readonly ExecutorEvent[], name: "stdout" | "stderr" = "stdout"): string {
  return events.map((event) => (event.kind === "stream" && event.name === name ? event.text : "")).join("");
}

/** The text of the result of a cell, if it has one. */
export function result(record: CellRecord): string | undefined {
  for (const event of record.events) if (event.kind === "result") return String(event.data["text/plain"]);
  return undefined;
}

export function traceback(record: CellRecord): string {
  return record.outcome.error?.traceback.join("\n") ?? "";
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
