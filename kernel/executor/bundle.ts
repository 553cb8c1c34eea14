/** What a value looks like: the MIME bundle that is shown for it. */
import { inspect } from "node:util";
import { inspectOptions } from "./console.ts";
import type { Json, MimeBundle } from "./events.ts";
import { tableHtml, tableOf, tableText } from "./table.ts";

const displayMethod: symbol = Symbol.for("Jupyter.display");

/**
 * The bundle of a value: its own (method `Symbol.for("Jupyter.display")`, or an object whose keys are MIME types), a
 * table for arrays of records and data frames, else text as `util.inspect` writes it. A promise is shown as its value.
 */
export function toBundle(value: unknown): MimeBundle | Promise<MimeBundle> {
  if (value instanceof Promise) return value.then(toBundle);
  const own = ownBundle(value);
  if (own !== undefined) return own instanceof Promise ? own.then(asBundle) : asBundle(own);
  if (value instanceof Error) return { "text/plain": value.stack ?? String(value) };
  const table = tableOf(value);
  if (table) return { "text/plain": tableText(table), "text/html": tableHtml(table) };
  return { "text/plain": inspectValue(value) };
}

function ownBundle(value: unknown): unknown {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const method: unknown = Reflect.get(value, displayMethod);
  if (typeof method === "function") return Reflect.apply(method, value, []);
  return isMimeBundle(value) ? value : undefined;
}

function isMimeBundle(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^[a-z]+\/[\w.+-]+$/.test(key));
}

function inspectValue(value: unknown): string {
  return inspect(value, inspectOptions);
}

/** Bundle values as they stand in a notebook: bytes become base64, everything else JSON. */
export function asBundle(value: unknown): MimeBundle {
  if (typeof value !== "object" || value === null) return { "text/plain": inspectValue(value) };
  return Object.fromEntries(Object.entries(value).map(([mime, content]) => [mime, mimeValue(content)]));
}

/** The type under which a bundle brings another one, to be shown beneath it as a display of its own. */
const BELOW = "application/vnd.rlvr.below+json";

/**
 * A bundle and the one it brings along. A front end draws one type of a bundle, so that what stands under a figure (its
 * samples) has to be a display of its own.
 */
export function splitBelow(data: MimeBundle): { readonly shown: MimeBundle; readonly below: MimeBundle | undefined } {
  const { [BELOW]: below, ...shown } = data;
  return { shown, below: below === undefined ? undefined : asBundle(below) };
}

/** The display id of what stands under a display. */
export function belowId(id: string): string {
  return `${id}/below`;
}

export function mimeValue(content: unknown): Json {
  if (content instanceof Uint8Array) return Buffer.from(content).toString("base64");
  if (typeof content === "string") return content;
  const json = JSON.stringify(content);
  return json === undefined ? String(content) : JSON.parse(json);
}
