/** Reading of answers: as the published validators do it ("compat"), and strictly. */

/** What an answer holds, or why it could not be read. */
export type Parsed<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unread"; readonly reason: string };

const unread = (reason: string): { readonly kind: "unread"; readonly reason: string } => ({ kind: "unread", reason });

const MARKER = "Answer:";

/** The text behind the last (or first) "Answer:", without blanks around it; undefined where there is none. */
export function behindMarker(text: string, which: "last" | "first" = "last"): string | undefined {
  const at = which === "last" ? text.lastIndexOf(MARKER) : text.indexOf(MARKER);
  return at < 0 ? undefined : text.slice(at + MARKER.length).trim();
}

/** A whole number in the spellings of Python's `int`: a sign, zeros before it, single underscores, blanks around. */
function pythonInt(text: string): number | undefined {
  return /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(text) ? Number(text.replaceAll("_", "")) : undefined;
}

export interface CompatForm {
  /** Empty entries are left out instead of spoiling the list. */
  readonly skipEmpty?: boolean;
  /** An empty text is an empty list. */
  readonly allowEmpty?: boolean;
  /** What stands around the entries: any bracket or an arrow between them, any bracket, or square brackets alone. */
  readonly around: "any" | "brackets" | "square";
  /** Only the first line counts. */
  readonly firstLine?: boolean;
  readonly marker?: "last" | "first";
}

/** A list of whole numbers as a published validator reads it. */
export function compatList(text: string, form: CompatForm): Parsed<number[]> {
  const behind = behindMarker(text, form.marker);
  if (behind === undefined) return unread(`there is no "${MARKER}"`);
  const line = form.firstLine === true ? (behind.split("\n")[0] ?? "").trim() : behind;
  const inner = innerText(line, form.around);
  if (form.allowEmpty === true && inner.trim() === "") return { kind: "read", value: [] };
  const parts = inner.split(",").filter((part) => form.skipEmpty !== true || part.trim() !== "");
  const numbers = parts.map(pythonInt);
  const wrong = numbers.indexOf(undefined);
  if (wrong >= 0) return unread(`${JSON.stringify(parts[wrong])} is no whole number`);
  return { kind: "read", value: numbers.map((number) => number ?? 0) };
}

function innerText(text: string, around: CompatForm["around"]): string {
  const square = text.startsWith("[") && text.endsWith("]") && text.length > 1;
  if (around !== "brackets" && square) return text.slice(1, -1);
  if (around === "square") return text;
  if (around === "any" && text.includes("->")) return text.split("->").join(",");
  const bare = text.replace(/['"]/g, "");
  return /[{[(]([^)}\]]*)[}\])]/.exec(bare)?.[1] ?? bare;
}

const CLOSING: Readonly<Record<string, string>> = { "[": "]", "(": ")", "{": "}" };

/** A whole number of at most nine digits: ids and colours. */
const ID = /^[+-]?\d{1,9}$/;

/**
 * A list of whole numbers, strictly: one pair of brackets of one kind (or none), entries between commas or arrows, and no further
 * number or bracket behind it.
 */
export function strictList(text: string): Parsed<number[]> {
  const behind = behindMarker(text);
  if (behind === undefined) return unread(`there is no "${MARKER}"`);
  const bracketed = /^([[({])([^[\](){}]*)([\])}])([^\d[\](){}]*)$/.exec(behind);
  if (bracketed !== null && CLOSING[bracketed[1] ?? ""] !== bracketed[3]) return unread("the brackets do not match");
  return entriesOf(bracketed?.[2] ?? behind.replace(/\.$/, ""));
}

function entriesOf(inner: string): Parsed<number[]> {
  if (inner.trim() === "") return { kind: "read", value: [] };
  const parts = inner
    .split(inner.includes("->") ? "->" : ",")
    .map((part) => part.trim().replace(/^(['"])(.*)\1$/, "$2"));
  const wrong = parts.find((part) => !ID.test(part));
  return wrong === undefined
    ? { kind: "read", value: parts.map(Number) }
    : unread(`${JSON.stringify(wrong.slice(0, 40))} is no whole number`);
}

/** Lists within a list, such as `[[0, 1], [2, 3]]` or `[(0, 1, 540), (1, 0, 600)]`; `[]` holds none. */
export function listOfLists(text: string): Parsed<number[][]> {
  const behind = behindMarker(text);
  if (behind === undefined) return unread(`there is no "${MARKER}"`);
  const outer = /^([[({])([\s\S]*)([\])}])[^\d[\](){}]*$/.exec(behind);
  if (outer === null || CLOSING[outer[1] ?? ""] !== outer[3]) return unread("there is no list of lists");
  const inner = outer[2] ?? "";
  if (inner.trim() === "") return { kind: "read", value: [] };
  const part = "(?:\\[[^[\\](){}]*\\]|\\([^[\\](){}]*\\)|\\{[^[\\](){}]*\\})";
  if (!new RegExp(`^\\s*${part}(?:\\s*,\\s*${part})*\\s*,?\\s*$`).test(inner))
    return unread("there is no list of lists");
  const lists = (inner.match(new RegExp(part, "g")) ?? []).map((one) => entriesOf(one.slice(1, -1)));
  const wrong = lists.find((list) => list.kind === "unread");
  if (wrong?.kind === "unread") return wrong;
  return { kind: "read", value: lists.map((list) => (list.kind === "read" ? list.value : [])) };
}
