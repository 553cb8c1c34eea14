/** Numbers as bfloat16 holds them. */

/**
 * Bits of float32 numbers rounded to bfloat16, to nearest with ties to even (the rounding of PyTorch and of hardware). −0 counts
 * as 0, so that two numbers are equal exactly when their bits are.
 */
export function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word) => {
    const rounded = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
    return rounded === 0x8000 ? 0 : rounded;
  });
}

/** Number of entries that are equal once both sides are rounded to bfloat16. */
export function unchangedAtBfloat16(before: Float32Array, after: Float32Array): number {
  const [a, b] = [toBfloat16(before), toBfloat16(after)];
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
  return equal;
}
