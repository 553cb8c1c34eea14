/** What a notebook's metadata says of its last run, under `rlvr`. */
import type { CellOutcome, ExecutorEvent, Json } from "../executor/events.ts";
import { type NumberedCell, sourceHash } from "../notebook/cells.ts";
import type { CodeCell, JsonObject, Notebook } from "../notebook/format.ts";
import { isObject } from "../notebook/place.ts";

/** Keeps `notebook.metadata.rlvr` up to date while cells run. */
export class RunRecord {
  readonly #notebook: Notebook;
  readonly #made: JsonObject;
  readonly #skipped: readonly string[];
  readonly #cells: JsonObject;
  readonly #checks: JsonObject = {};

  /**
   * @param made where the numbers come from
   * @param earlier the run that skipped cells have their outputs from
   */
  constructor(notebook: Notebook, made: JsonObject, skipped: readonly NumberedCell[], earlier: Notebook | undefined) {
    this.#notebook = notebook;
    this.#made = made;
    this.#skipped = skipped.map(({ cell }) => cell.id);
    const before = earlier?.metadata.rlvr;
    const cells = isObject(before) && isObject(before.cells) ? before.cells : {};
    this.#cells = Object.fromEntries(
      this.#skipped.flatMap((id): [string, Json][] => (cells[id] === undefined ? [] : [[id, cells[id]]])),
    );
    this.#write(0);
  }

  take(event: ExecutorEvent): void {
    if (event.kind !== "check") return;
    const { name, value, band, ok, id } = event;
    this.#checks[name] = { value: finite(value), band: band.map(finite), ok, cell: id };
  }

  cellEnd(cell: CodeCell, { ms }: CellOutcome, peakBytes: number): void {
    this.#cells[cell.id] = { ms: Math.round(ms), source: sourceHash(cell.source) };
    this.#write(peakBytes);
  }

  #write(peakBytes: number): void {
    this.#notebook.metadata.rlvr = {
      ...this.#made,
      cells: { ...this.#cells },
      checks: { ...this.#checks },
      ...(peakBytes > 0 && { peakBytes }),
      ...(this.#skipped.length > 0 && { skipped: this.#skipped }),
    };
  }
}

/** JSON has no NaN and no infinity: they stand as null, as an open end of a band does. */
function finite(value: number): Json {
  return Number.isFinite(value) ? value : null;
}
