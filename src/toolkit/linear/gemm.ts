/**
 * Products of matrices in float64 by ONNX Runtime: some 50 GFLOP/s a core where plain JavaScript has 1.5. For worker threads:
 * a product blocks the thread it runs on.
 */
import { encodeModel, type OnnxTensorType } from "../jit/onnx.ts";
import { type NativeSession, type OnnxRuntime, openOnnxRuntime, silent } from "../jit/onnxruntime.ts";

/** A matrix by rows. */
export interface DenseMatrix {
  /** [rows, columns] row-major. */
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** Which of the two factors is transposed. */
export type Product = "ab" | "atb" | "abt";

/** Sessions by shape; graphs are static. Sizes repeat from layer to layer, so there are few. */
export class Gemm implements Disposable {
  readonly #ort: OnnxRuntime = openOnnxRuntime();
  readonly #sessions = new Map<string, NativeSession>();
  readonly #threads: number;

  /** @param threads of one product */
  constructor(threads: number) {
    this.#threads = threads;
  }

  /** a b, aᵀ b or a bᵀ, and `plus` added where given. */
  multiply(product: Product, a: DenseMatrix, b: DenseMatrix, plus?: DenseMatrix): DenseMatrix {
    const rows = product === "atb" ? a.columns : a.rows;
    const columns = product === "abt" ? b.rows : b.columns;
    const inner = product === "atb" ? a.rows : a.columns;
    if (inner !== (product === "abt" ? b.columns : b.rows)) throw new Error("internal: factors that do not fit");
    const square = a === b;
    const session = this.#session(product, a, b, { rows, columns, square, adds: plus !== undefined });
    const tensor = ({ data, rows, columns }: DenseMatrix) => this.#ort.tensor("float64", data, [rows, columns]);
    const feeds = {
      a: tensor(a),
      ...(square ? {} : { b: tensor(b) }),
      ...(plus === undefined ? {} : { c: tensor(plus) }),
    };
    const data = session.run(feeds, { y: null }, {}).y?.data;
    if (!(data instanceof Float64Array)) throw new Error("internal: a product without numbers");
    return { data, rows, columns };
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions.values()) session.dispose();
    this.#sessions.clear();
  }

  #session(product: Product, a: DenseMatrix, b: DenseMatrix, out: Output): NativeSession {
    const key = [product, a.rows, a.columns, b.rows, b.columns, out.square, out.adds].join();
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const session = this.#ort.createSession();
    const bytes = productModel(product, a, b, out);
    session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, {
      intraOpNumThreads: this.#threads,
      interOpNumThreads: 1,
      enableCpuMemArena: false, // results are as large as the arena would be, and are the caller's
      enableMemPattern: false,
      logSeverityLevel: silent,
    });
    this.#sessions.set(key, session);
    return session;
  }
}

interface Output {
  readonly rows: number;
  readonly columns: number;
  /** Both factors are one array. */
  readonly square: boolean;
  readonly adds: boolean;
}

function productModel(product: Product, a: DenseMatrix, b: DenseMatrix, out: Output): Uint8Array {
  const type = (name: string, { rows, columns }: { rows: number; columns: number }): OnnxTensorType => ({
    name,
    dtype: "float64",
    shape: [rows, columns],
  });
  return encodeModel({
    name: "product",
    inputs: [type("a", a), ...(out.square ? [] : [type("b", b)]), ...(out.adds ? [type("c", out)] : [])],
    outputs: [type("y", out)],
    constants: [],
    nodes: [
      {
        op: "Gemm",
        domain: "",
        name: "product",
        inputs: ["a", out.square ? "a" : "b", ...(out.adds ? ["c"] : [])],
        outputs: ["y"],
        attributes: { transA: { int: product === "atb" ? 1 : 0 }, transB: { int: product === "abt" ? 1 : 0 } },
      },
    ],
  });
}
