/**
 * Builds graphs for ONNX Runtime: operator set 18 and com.microsoft 1.
 *
 * The builder keeps a graph small as it grows: equal constants and equal nodes (operator, inputs, attributes, result
 * types) exist once, and what no output needs is left out of the model.
 */
import { refuse } from "../refuse.ts";
import { type ConstantData, constantBytes, contentKey, dtypeOf } from "./graph-constants.ts";
import { productFlops } from "./graph-flops.ts";
import { fuseScales } from "./graph-fusion.ts";
import { encodeModel, type OnnxAttribute, type OnnxConstant, type OnnxNode } from "./onnx.ts";

export type DType = "float32" | "int32" | "int64" | "bool" | "float64";

/** An input or output of a graph. */
export interface IoSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A finished graph. Treat it as immutable: sessions are shared by its content. */
export interface GraphModel {
  readonly name: string;
  /** The serialised ONNX model. */
  readonly bytes: Uint8Array;
  readonly inputs: readonly IoSpec[];
  readonly outputs: readonly IoSpec[];
  readonly nodeCount: number;
  /** Floating-point operations of one run's matrix products, counting a multiply-add as two. */
  readonly flops: number;
}

/** A tensor of a graph under construction: only the builder that made it can use it. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Element type and sizes of a node's result. */
export type ValueType = Pick<Value, "dtype" | "shape">;

/**
 * An attribute of a node. A bare number is an integer, a bare list is integers; a number that the operator wants as
 * float is `{ float: 1 }`, since 1 alone does not say so.
 */
export type Attribute = number | string | readonly number[] | OnnxAttribute;

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Default "": the standard operators. */
  readonly domain?: "" | "com.microsoft";
}

/** How a value came to be, for those who simplify graphs. */
export interface Definition {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

interface Literal {
  readonly data: ConstantData;
  readonly constant: OnnxConstant;
}

/** A graph under construction. */
export class GraphBuilder {
  readonly name: string;
  readonly #inputs: Value[] = [];
  readonly #outputs = new Map<string, Value>();
  readonly #definitions = new Map<Value, Definition>();
  readonly #literals = new Map<Value, Literal>();
  readonly #constants = new Map<string, Value>();
  readonly #nodes = new Map<string, Definition>();
  #count = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Declares an input. It stays an input of the model even when nothing reads it. */
  input(name: string, dtype: DType, shape: readonly number[]): Value {
    this.#checkName(name);
    const value = { name, dtype, shape: [...shape] };
    this.#inputs.push(value);
    return value;
  }

  /**
   * A constant tensor; equal ones are one value.
   *
   * @param dtype default: float32 for numbers and Float32Array, int32, bool (Uint8Array), int64, float64 by the array
   */
  constant(data: ConstantData, shape: readonly number[], dtype: DType = dtypeOf(data)): Value {
    const size = shape.reduce((a, b) => a * b, 1);
    if (data.length !== size) {
      throw new Error(`internal: a constant of shape [${shape.join(", ")}] has ${data.length} values`);
    }
    const bytes = constantBytes(data, dtype);
    const key = `${dtype}[${shape.join()}]${contentKey(bytes)}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const value = this.#value({ dtype, shape });
    this.#constants.set(key, value);
    this.#literals.set(value, { data: data.slice(), constant: { ...value, bytes } });
    return value;
  }

  /** A constant without dimensions. @param dtype default float32 */
  scalar(value: number, dtype: DType = "float32"): Value {
    return this.constant([value], [], dtype);
  }

  /** Adds a node with one result; an equal node is reused. */
  node(op: string, inputs: readonly (Value | undefined)[], out: ValueType, options: NodeOptions = {}): Value {
    const [value] = this.nodes(op, inputs, [out], options);
    if (value === undefined) throw new Error(`internal: ${op} has no result`);
    return value;
  }

  /** Adds a node with several results; an equal node is reused. */
  nodes(
    op: string,
    inputs: readonly (Value | undefined)[],
    outs: readonly ValueType[],
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): readonly Value[] {
    const full = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, onnxAttribute(op, value)]));
    const key = JSON.stringify([op, domain, inputs.map((input) => input?.name ?? null), outs.map(typeText), full]);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known.outputs;
    const definition = {
      op,
      domain,
      inputs: [...inputs],
      outputs: outs.map((out) => this.#value(out)),
      attributes: full,
    };
    this.#nodes.set(key, definition);
    for (const output of definition.outputs) this.#definitions.set(output, definition);
    return definition.outputs;
  }

  /** Makes a value an output of the model. Any value may be: also an input, a constant, or another output's value. */
  output(name: string, value: Value): void {
    this.#checkName(name);
    this.#outputs.set(name, value);
  }

  /** The node that makes a value; undefined for inputs and constants. */
  definition(value: Value): Definition | undefined {
    return this.#definitions.get(value);
  }

  /** The values of a constant; undefined for anything else. */
  literal(value: Value): ConstantData | undefined {
    return this.#literals.get(value)?.data;
  }

  /** The model of all outputs declared so far. */
  build(): GraphModel {
    const nodes = fuseScales(this.#liveNodes(), new Set(this.#outputs.values()), (value) => this.#scalarOf(value));
    const { names, aliases } = this.#outputNames();
    const nameOf = (value: Value | undefined): string => (value === undefined ? "" : (names.get(value) ?? value.name));
    const onnxNodes = nodes.map(
      (node, index): OnnxNode => ({
        op: node.op,
        domain: node.domain,
        name: `${node.op}_${index}`,
        inputs: node.inputs.map(nameOf),
        outputs: node.outputs.map(nameOf),
        attributes: node.attributes,
      }),
    );
    for (const [name, value] of aliases) {
      const alias = { op: "Identity", domain: "", name: `output_${name}`, attributes: {} };
      onnxNodes.push({ ...alias, inputs: [nameOf(value)], outputs: [name] });
    }
    const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...aliases.values()]);
    const constants = [...this.#literals].filter(([value]) => read.has(value)).map(([, { constant }]) => constant);
    const inputs = this.#inputs.map((value) => ({ ...value }));
    const outputs = [...this.#outputs].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
    const bytes = encodeModel({ name: this.name, inputs, outputs, constants, nodes: onnxNodes });
    const flops = nodes.reduce((sum, node) => sum + productFlops(node), 0);
    return { name: this.name, bytes, inputs, outputs, nodeCount: onnxNodes.length, flops };
  }

  #scalarOf(value: Value): number | undefined {
    const literal = value.shape.length === 0 ? this.literal(value) : undefined;
    return literal === undefined ? undefined : Number(literal[0]);
  }

  /** Nodes that an output needs, in the order in which they were added. */
  #liveNodes(): Definition[] {
    const live = new Set<Definition>();
    const open = [...this.#outputs.values()];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      const definition = this.#definitions.get(value);
      if (definition === undefined || live.has(definition)) continue;
      live.add(definition);
      for (const input of definition.inputs) if (input !== undefined) open.push(input);
    }
    return [...this.#nodes.values()].filter((node) => live.has(node));
  }

  /** A node's result takes the name of its first output; inputs, constants and further outputs need an Identity. */
  #outputNames(): { names: Map<Value, string>; aliases: Map<string, Value> } {
    const names = new Map<Value, string>();
    const aliases = new Map<string, Value>();
    for (const [name, value] of this.#outputs) {
      if (this.#definitions.has(value) && !names.has(value)) names.set(value, name);
      else aliases.set(name, value);
    }
    return { names, aliases };
  }

  #value({ dtype, shape }: ValueType): Value {
    return { name: `#${this.#count++}`, dtype, shape: [...shape] };
  }

  #checkName(name: string): void {
    if (name === "" || name.startsWith("#"))
      refuse("graph", `a name is "${name}"`, "use a name that starts with a letter");
    if (this.#outputs.has(name) || this.#inputs.some((input) => input.name === name)) {
      refuse("graph", `two inputs or outputs are named ${name}`, "give each its own name");
    }
  }
}

function typeText({ dtype, shape }: ValueType): string {
  return `${dtype}[${shape.join()}]`;
}

function onnxAttribute(op: string, value: Attribute): OnnxAttribute {
  if (typeof value === "string") return { string: value };
  if (typeof value === "number") {
    if (!Number.isInteger(value))
      throw new Error(`internal: an attribute of ${op} is ${value}; say { float: ${value} }`);
    return { int: value };
  }
  return isList(value) ? { ints: value } : value;
}

function isList(value: object): value is readonly number[] {
  return Array.isArray(value);
}
