/**
 * Writes ONNX models: the few messages of onnx.proto3 that a graph of dense tensors needs, in protobuf's wire format.
 * Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
 */

/** Operator sets of every model: the default one, and ONNX Runtime's own operators. */
const operatorSets: readonly (readonly [domain: string, version: number])[] = [
  ["", 18],
  ["com.microsoft", 1],
];

/** File format version 8 (ONNX 1.13): the one that came with operator set 18. */
const irVersion = 8;

/** `TensorProto.DataType` of the element types in use. */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 } as const;

/** `AttributeProto.AttributeType`. */
const attributeTypes = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

/** Value of an operator's attribute, with its kind. */
export type OnnxAttribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly string: string }
  | { readonly floats: readonly number[] }
  | { readonly ints: readonly number[] };

/** A tensor's name, element type and sizes. */
export interface OnnxTensorType {
  readonly name: string;
  readonly dtype: keyof typeof elementTypes;
  readonly shape: readonly number[];
}

/** A constant: `bytes` are its values in row-major order, little-endian. */
export interface OnnxConstant extends OnnxTensorType {
  readonly bytes: Uint8Array;
}

/** One operator; an empty input name is an omitted optional input. */
export interface OnnxNode {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A whole graph; nodes are in an order in which they can run. */
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxTensorType[];
  readonly outputs: readonly OnnxTensorType[];
  readonly constants: readonly OnnxConstant[];
  readonly nodes: readonly OnnxNode[];
}

/** The serialised `ModelProto` of a graph. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = new Message();
  model.integer(1, irVersion).text(2, "rlvr-lab").message(7, graphMessage(graph));
  for (const [domain, version] of operatorSets) {
    model.message(8, new Message().text(1, domain).integer(2, version));
  }
  return model.bytes();
}

function graphMessage(graph: OnnxGraph): Message {
  const message = new Message();
  for (const node of graph.nodes) message.message(1, nodeMessage(node));
  message.text(2, graph.name);
  for (const constant of graph.constants) message.message(5, constantMessage(constant));
  for (const input of graph.inputs) message.message(11, typeMessage(input));
  for (const output of graph.outputs) message.message(12, typeMessage(output));
  return message;
}

function nodeMessage({ op, domain, name, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, op);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attributeMessage(key, value));
  if (domain !== "") message.text(7, domain);
  return message;
}

function attributeMessage(name: string, value: OnnxAttribute): Message {
  const message = new Message().text(1, name);
  if ("float" in value) return message.float(2, value.float).integer(20, attributeTypes.float);
  if ("int" in value) return message.integer(3, value.int).integer(20, attributeTypes.int);
  if ("string" in value) return message.text(4, value.string).integer(20, attributeTypes.string);
  if ("floats" in value) {
    for (const item of value.floats) message.float(7, item);
    return message.integer(20, attributeTypes.floats);
  }
  for (const item of value.ints) message.integer(8, item);
  return message.integer(20, attributeTypes.ints);
}

function constantMessage({ name, dtype, shape, bytes }: OnnxConstant): Message {
  const message = new Message();
  for (const size of shape) message.integer(1, size);
  return message.integer(2, elementTypes[dtype]).text(8, name).raw(9, bytes);
}

function typeMessage({ name, dtype, shape }: OnnxTensorType): Message {
  const dimensions = new Message();
  for (const size of shape) dimensions.message(1, new Message().integer(1, size));
  const tensor = new Message().integer(1, elementTypes[dtype]).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

const utf8 = new TextEncoder();

/** A protobuf message under construction, as a list of finished pieces. */
class Message {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  integer(field: number, value: number): this {
    return this.#push(varint(field * 8)).#push(varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#push(varint(field * 8 + 5)).#push(bytes);
  }

  text(field: number, value: string): this {
    return this.raw(field, utf8.encode(value));
  }

  raw(field: number, bytes: Uint8Array): this {
    return this.#push(varint(field * 8 + 2))
      .#push(varint(bytes.length))
      .#push(bytes);
  }

  message(field: number, message: Message): this {
    this.#push(varint(field * 8 + 2)).#push(varint(message.#length));
    for (const piece of message.#pieces) this.#push(piece);
    return this;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let offset = 0;
    for (const piece of this.#pieces) {
      all.set(piece, offset);
      offset += piece.length;
    }
    return all;
  }

  #push(bytes: Uint8Array): this {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    return this;
  }
}

const singleBytes: readonly Uint8Array[] = Array.from({ length: 128 }, (_, value) => Uint8Array.of(value));

/** Base-128 groups, lowest first; a negative number is its 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const single = singleBytes[value];
  if (single !== undefined) return single;
  const groups: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const group = Number(rest & 127n);
    rest >>= 7n;
    groups.push(rest > 0n ? group | 128 : group);
  } while (rest > 0n);
  return Uint8Array.from(groups);
}
