/** Numbers as a checkpoint stores them: rounded to nearest, ties to even. */
import { type StoredDType, widths } from "../policy/safetensors-header.ts";

/** The bytes of numbers in an element type. */
export function encodeNumbers(dtype: StoredDType, values: Float64Array): Uint8Array<ArrayBuffer> {
  const floats = new Float32Array(values);
  if (dtype === "F32") return new Uint8Array(floats.buffer);
  const bytes = new Uint8Array(values.length * widths[dtype]);
  const halves = new Uint16Array(bytes.buffer);
  if (dtype === "F16") {
    for (let i = 0; i < halves.length; i++) halves[i] = toHalf(values[i] ?? 0);
    return bytes;
  }
  const words = new Uint32Array(floats.buffer);
  for (let i = 0; i < halves.length; i++) {
    const word = words[i] ?? 0;
    halves[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bytes;
}

/** IEEE 754 half precision: 10 fraction bits below an exponent from -14 up. Too large becomes infinite, as in numpy. */
function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1e-9)));
  // The fraction with its leading 1, so that carrying into the exponent is plain addition; no leading 1 where subnormal.
  return sign | ((exponent + 14) * 1024 + roundEven(size / 2 ** (exponent - 10)));
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
