/** A tensor as plain memory. */

/** Values in row-major order: float32, int32, or (as bytes 0 and 1) bool. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
}
