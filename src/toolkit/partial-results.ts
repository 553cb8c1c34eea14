/**
 * Finished parts of long work, kept on disk until the whole is done, so that a call that was cut off goes on where it was. A
 * part is one file, named by a hash of all that its result depends on, and written in one step; it begins with a checksum.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { writeFileAtomic } from "./files.ts";

export interface PartialResults {
  /**
   * The part of that key, if there is one. One that cannot be read is taken away, with a warning that names the file: the
   * caller does it again.
   */
  find(key: unknown): Promise<unknown>;
  /** Keeps a part: numbers, texts, lists, plain objects, typed arrays. */
  keep(key: unknown, result: unknown): Promise<void>;
  /** Takes away every part that was found or kept here: the whole is done. */
  clear(): Promise<void>;
}

const checksumBytes = 32;
const ending = ".part";

/** @param folder made when the first part is kept; several pieces of work may share one */
export function partialResults(folder: string): PartialResults {
  const mine = new Set<string>();
  const fileOf = (key: unknown): string =>
    join(folder, `${hash(JSON.stringify(key)).toString("hex").slice(0, 32)}${ending}`);
  return {
    async find(key) {
      const file = fileOf(key);
      const bytes = await readFile(file).catch(() => undefined);
      if (bytes === undefined) return undefined;
      const content = bytes.subarray(checksumBytes);
      if (!hash(content).equals(bytes.subarray(0, checksumBytes))) {
        process.emitWarning(`${file} is not whole and is done again`, "PartialResults");
        await rm(file, { force: true });
        return undefined;
      }
      mine.add(file);
      return deserialize(content);
    },
    async keep(key, result) {
      const content = serialize(result);
      await mkdir(folder, { recursive: true });
      const file = fileOf(key);
      await writeFileAtomic(file, Buffer.concat([hash(content), content]));
      mine.add(file);
    },
    async clear() {
      for (const file of mine) await rm(file, { force: true });
      mine.clear();
    },
  };
}

function hash(content: string | Uint8Array): Buffer {
  return createHash("sha256").update(content).digest();
}

/** Bytes that are read of each part of a file for its fingerprint. */
const probeBytes = 65_536;

/**
 * A fingerprint of some bytes of a file without reading them all: its size, when it was written, and three probes (start,
 * middle, end) of the range. Content that changes without any of them changing goes unseen.
 *
 * @param range first byte and number of bytes. Default: the whole file
 */
export async function fileFingerprint(
  path: string,
  range?: { readonly offset: number; readonly bytes: number },
): Promise<string> {
  const file = await open(path);
  try {
    const { size, mtimeMs } = await file.stat();
    const { offset, bytes } = range ?? { offset: 0, bytes: size };
    const digest = createHash("sha256").update(JSON.stringify([size, mtimeMs, offset, bytes]));
    const length = Math.min(bytes, probeBytes);
    for (const start of [0, Math.floor((bytes - length) / 2), bytes - length]) {
      const probe = new Uint8Array(length);
      const { bytesRead } = await file.read(probe, 0, length, offset + start);
      digest.update(probe.subarray(0, bytesRead));
    }
    return digest.digest("hex");
  } finally {
    await file.close();
  }
}
