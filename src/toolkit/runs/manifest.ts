/** A list of a folder's files with their lengths and hashes: a folder that fits its list is whole. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../files.ts";

/** Name of the list. It does not list itself. */
const MANIFEST = "manifest.json";

const FORMAT = "rlvr-checkpoint/1";

interface Listed {
  readonly bytes: number;
  readonly sha256: string;
}

/** What a list holds beside the files. */
export type ManifestNotes = Readonly<Record<string, number | string>>;

/** Lists the files that are in a folder now. @param notes kept in the list, for readers of many folders */
export async function writeManifest(folder: string, notes: ManifestNotes = {}): Promise<void> {
  const files: Record<string, Listed> = {};
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    files[name] = { bytes: (await stat(path)).size, sha256: await hashOf(path) };
  }
  const text = JSON.stringify({ format: FORMAT, ...notes, files }, null, 2);
  await writeFileAtomic(join(folder, MANIFEST), `${text}\n`);
}

/** What is wrong with a folder, in words; undefined where every file is as listed. */
export async function faultOf(folder: string): Promise<string | undefined> {
  const manifest = await readManifest(folder);
  if (manifest === undefined) return `${MANIFEST} is missing or broken`;
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return `${name} is missing`;
    if (found.size !== bytes) return `${name} has ${found.size} bytes, ${bytes} were written`;
    if ((await hashOf(path)) !== sha256) return `${name} has other content than was written`;
  }
  return undefined;
}

/** The list; undefined where there is none or it cannot be read. */
export async function readManifest(
  folder: string,
): Promise<{ readonly notes: ManifestNotes; readonly files: Readonly<Record<string, Listed>> } | undefined> {
  try {
    const { format, files, ...notes } = JSON.parse(await readFile(join(folder, MANIFEST), "utf8"));
    return format === FORMAT && typeof files === "object" && files !== null ? { notes, files } : undefined;
  } catch {
    return undefined;
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest("hex");
}
