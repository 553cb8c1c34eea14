/** The wire format of protocol buffers, as far as logs need it. */

/** One field of a message; numbers of 64 bits that are no safe integers come out rounded. */
export type ProtoField =
  | { readonly number: number; readonly wire: "varint"; readonly value: bigint }
  | { readonly number: number; readonly wire: "bytes"; readonly value: Uint8Array }
  | { readonly number: number; readonly wire: "fixed"; readonly value: DataView };

/** The bytes are no message. Caught where a record is read. */
export class BrokenMessage extends Error {
  override readonly name = "BrokenMessage";
}

/** Fields of a message in their order. @throws BrokenMessage */
export function* protoFields(bytes: Uint8Array): Generator<ProtoField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new BrokenMessage("a number is cut off");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new BrokenMessage("a number has more than 10 bytes");
  };
  const span = (length: number): number => {
    if (!(length >= 0 && at + length <= bytes.length)) throw new BrokenMessage("a field is longer than its message");
    at += length;
    return at - length;
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const [number, wire] = [Math.floor(key / 8), key % 8];
    if (wire === 0) yield { number, wire: "varint", value: varint() };
    else if (wire === 2) {
      const length = Number(varint());
      const start = span(length);
      yield { number, wire: "bytes", value: bytes.subarray(start, start + length) };
    } else if (wire === 1 || wire === 5) {
      const length = wire === 1 ? 8 : 4;
      yield { number, wire: "fixed", value: new DataView(view.buffer, view.byteOffset + span(length), length) };
    } else throw new BrokenMessage(`wire type ${wire} is not known`);
  }
}

/** A signed whole number of up to 64 bits. */
export function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}

export function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
