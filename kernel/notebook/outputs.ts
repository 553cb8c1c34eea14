/** Turns an executor's events into the outputs of a notebook's cells. */
import type { ExecutorEvent, MimeBundle } from "../executor/events.ts";
import type { CodeCell, JsonObject, Output } from "./format.ts";

/**
 * Collects the outputs of one run of a notebook. Streams in a row become one output, as in Jupyter; an update changes
 * every place where its display id stands; output that comes late goes to the cell that made it.
 */
export class OutputCollector {
  readonly #cells = new Map<string, CodeCell>();
  readonly #displays = new Map<string, { output: Extract<Output, { output_type: "display_data" }> }[]>();
  readonly #clearNext = new Set<string>();

  /** Empties the cell's outputs and sends the events credited to it there from now on. */
  open(cell: CodeCell): void {
    cell.outputs = [];
    this.#cells.set(cell.id, cell);
  }

  /** Takes one event. Events that leave no output (progress, checks) are passed over. */
  take(event: ExecutorEvent): void {
    const cell = this.#cells.get(event.id);
    if (!cell) return;
    switch (event.kind) {
      case "stream":
        this.#stream(cell, event.name, event.text);
        break;
      case "display": {
        const output = { output_type: "display_data" as const, data: event.data, metadata: copy(event.metadata) };
        if (event.displayId !== undefined) {
          this.#displays.set(event.displayId, [...(this.#displays.get(event.displayId) ?? []), { output }]);
        }
        this.#push(cell, output);
        break;
      }
      case "updateDisplay":
        for (const { output } of this.#displays.get(event.displayId) ?? []) {
          output.data = event.data;
          output.metadata = copy(event.metadata);
        }
        break;
      case "clear":
        if (event.wait) this.#clearNext.add(cell.id);
        else cell.outputs = [];
        break;
      case "result":
        this.#push(cell, {
          output_type: "execute_result",
          data: event.data,
          metadata: copy(event.metadata),
          execution_count: cell.execution_count,
        });
        break;
      case "error": {
        const { ename, evalue, traceback } = event;
        this.#push(cell, { output_type: "error", ename, evalue, traceback });
        break;
      }
      case "progress":
      case "check":
        break;
      default:
        event satisfies never;
    }
  }

  #stream(cell: CodeCell, name: "stdout" | "stderr", text: string): void {
    if (text === "") return;
    const last = this.#clearNext.has(cell.id) ? undefined : cell.outputs.at(-1);
    if (last?.output_type === "stream" && last.name === name) last.text += text;
    else this.#push(cell, { output_type: "stream", name, text });
  }

  #push(cell: CodeCell, output: Output): void {
    if (this.#clearNext.delete(cell.id)) cell.outputs = [];
    cell.outputs.push(output);
  }
}

function copy(metadata: MimeBundle): JsonObject {
  return { ...metadata };
}
