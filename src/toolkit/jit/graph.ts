/** A graph ready for ONNX Runtime: its bytes, and what a caller must know of its inputs and outputs. */

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
