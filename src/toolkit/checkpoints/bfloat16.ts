/** Numbers as bfloat16 holds them. */

/**
 * Bits of float32 numbers rounded to bfloat16, to nearest with ties to even (the rounding of PyTorch and of hardware). −0 counts
 * as 0, so that two numbers are equal exactly when their bits are.
 */
export function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(bits.length); // a loop: `from` with a function is ten times slower
  for (let i = 0; i < bits.length; i++) halves[i] = rounded(bits[i] ?? 0);
  return halves;
}

/** Number of entries that are equal once both sides are rounded to bfloat16. */
export function unchangedAtBfloat16(before: Float32Array, after: Float32Array): number {
  const a = new Uint32Array(before.buffer, before.byteOffset, before.length);
  const b = new Uint32Array(after.buffer, after.byteOffset, after.length);
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (rounded(a[i] ?? 0) === rounded(b[i] ?? 0)) equal++;
  return equal;
}

function rounded(word: number): number {
  const half = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  return half === 0x8000 ? 0 : half;
}
