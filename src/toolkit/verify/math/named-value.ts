/** What an equation names: "x = 5", "f(x) = x^2", "AB = 4", "(p, q) = (3, 2)", "|AB| = 1" give a value a name. */
import { type Node, symbolsOf } from "./node.ts";

export interface Named {
  /** Spelling of the left side. */
  readonly name: string;
  /** Whether a symbol or a function's value is named, not a segment, a ratio or a text. */
  readonly symbol: boolean;
  readonly parameters: readonly string[];
  readonly value: Node;
}

/**
 * The name and the value of an equation; undefined for one that restricts several symbols (x + z = 1). Of a chain
 * (x = 5 + 6 = 11) the last part counts, and of an approximation (x = 1/3 ≈ 0.33) what stands before it.
 */
export function namedValue(node: Node): Named | undefined {
  if (node.kind !== "relation") return undefined;
  const { parts, signs } = node;
  const approximate = signs.indexOf("~");
  const end = approximate > 0 ? approximate : signs.length;
  const [first] = parts;
  const value = parts[end];
  const isResidue = value?.kind === "call" && value.name === "pmod"; // x ≡ 3 (mod 7)
  const names = (sign: string, i: number): boolean =>
    sign === "=" || (i === 0 && sign === "~") || (isResidue && sign === "mod");
  if (!signs.slice(0, end).every(names)) return undefined;
  if (first === undefined || value === undefined) return undefined;
  const head = end === 0 ? undefined : nameOf(first);
  if (head !== undefined) return { ...head, value };
  const tail = end === 1 ? nameOf(value) : undefined;
  if (tail?.symbol) return { ...tail, value: first }; // 3 = x
  const isChain = end >= 2 || parts.every((part) => symbolsOf(part).length === 0);
  return isChain ? { name: "", symbol: false, parameters: [], value } : undefined;
}

type Name = Omit<Named, "value">;

function plain(name: string): Name {
  return { name, symbol: false, parameters: [] };
}

function nameOf(node: Node): Name | undefined {
  switch (node.kind) {
    case "symbol":
      return { name: node.name, symbol: true, parameters: [] };
    case "constant":
      return node.name === "e" || node.name === "i" ? { name: node.name, symbol: true, parameters: [] } : undefined;
    case "text":
      return plain(node.text.toLowerCase().trim());
    case "apply": {
      const names = node.args.map((arg) => nameOf(arg)?.name ?? spell(arg));
      const isDefinition = node.args.every((arg) => arg.kind === "symbol");
      return {
        name: isDefinition ? node.name : `${node.name}(${names.join(",")})`,
        symbol: true,
        parameters: isDefinition ? names : [],
      };
    }
    case "call":
      return node.args[0] === undefined ? undefined : nameOfCall(node.name, node.args[0]);
    case "product":
      return nameOfProduct(node.factors);
    case "quotient":
      return joined("/", [node.top, node.bottom]);
    case "ratio":
      return joined(":", node.parts);
    case "group":
      return joined(",", node.items);
    case "list":
      return joined(",", node.items);
    default:
      return undefined;
  }
}

function nameOfCall(call: string, arg: Node): Name | undefined {
  const inner = nameOf(arg);
  return inner === undefined ? undefined : plain(`${call} ${inner.name}`);
}

/** AB, but not xy: points and figures have capitals. */
function nameOfProduct(factors: readonly Node[]): Name | undefined {
  const names = factors.map((factor) => (factor.kind === "symbol" ? factor.name : undefined));
  if (!names.every((name) => name !== undefined)) return undefined;
  const isDifferential = names.length === 2 && names[0] === "d";
  if (!isDifferential && !names.some((name) => /^[A-Z]/.test(name))) return undefined;
  return plain(names.join(""));
}

function joined(by: string, parts: readonly Node[]): Name | undefined {
  const names = parts.map((part) => nameOf(part)?.name);
  return names.every((name) => name !== undefined) ? plain(names.join(by)) : undefined;
}

function spell(node: Node): string {
  return node.kind === "number" ? node.raw : node.kind;
}
