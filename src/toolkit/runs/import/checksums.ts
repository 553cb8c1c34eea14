/** CRC-32 in two polynomials: Castagnoli's (TensorFlow records) and IEEE 802.3's (W&B logs). */

function table(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value;
  });
}

const CASTAGNOLI = table(0x82f63b78);
const IEEE = table(0xedb88320);

function crc(bytes: Uint8Array, by: Uint32Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (by[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

export function crc32(bytes: Uint8Array): number {
  return crc(bytes, IEEE);
}

/** TensorFlow's mask, so that a checksum of bytes that hold checksums stays a good one. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const value = crc(bytes, CASTAGNOLI);
  return (((value >>> 15) | (value << 17)) + 0xa282ead8) >>> 0;
}
