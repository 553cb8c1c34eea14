/** Angles of rotary position embeddings: position t turns pair i of a head by t · θ^(−2i / dh). */
import type { PolicyConfig } from "./config.ts";

/** Cosines and sines, each [length, dh / 2] in row-major order. */
export function rotaryAngles(
  { head_dim: width, rope_theta: theta }: PolicyConfig,
  length: number,
): { cos: Float32Array; sin: Float32Array } {
  const half = width / 2;
  const [cos, sin] = [new Float32Array(length * half), new Float32Array(length * half)];
  for (let t = 0; t < length; t++) {
    for (let i = 0; i < half; i++) {
      const angle = t * theta ** ((-2 * i) / width);
      cos[t * half + i] = Math.cos(angle);
      sin[t * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
