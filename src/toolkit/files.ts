/**
 * Files are never half-written: new content goes to a temporary name beside the target, is flushed to the disk, and
 * takes the target's name in one step. A reader sees the old content or the new one.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { refuse } from "./refuse.ts";

/** What a file is written from: its text or bytes, or parts of the text as they come. */
export type FileData = string | Uint8Array | AsyncIterable<string>;

/**
 * Replaces a file by `data` in one step; folders on the way are made. A link is followed, an existing mode is kept.
 *
 * @throws UsageError naming the path when it cannot be written (permission, a folder in its place, a full disk)
 */
export async function writeFileAtomic(path: string, data: FileData): Promise<void> {
  await naming(path, async () => {
    const target = await realpath(path).catch(() => path); // a file that does not exist yet has no real path
    await makeFolders(dirname(target));
    const mode = (await stat(target).catch(() => undefined))?.mode;
    const temporary = temporaryName(target);
    try {
      const file = await open(temporary, "wx", mode === undefined ? 0o666 : mode & 0o777);
      await finish(file, () => writeAll(file, data));
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(target));
  });
}

async function writeAll(file: FileHandle, data: FileData): Promise<void> {
  if (typeof data === "string" || data instanceof Uint8Array) return await file.writeFile(data);
  for await (const part of data) await file.appendFile(part);
}

/**
 * Refuses a path where {@link writeFileAtomic} would fail, before the work whose result goes there is done. Folders on
 * the way are made; nothing else is left.
 */
export async function checkWritable(path: string): Promise<void> {
  await naming(path, async () => {
    await makeFolders(dirname(path));
    if ((await stat(path).catch(() => undefined))?.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    const temporary = temporaryName(path);
    await (await open(temporary, "wx")).close();
    await rm(temporary, { force: true });
  });
}

/**
 * Replaces a folder by what `fill` writes into a temporary one beside it. When `fill` throws, nothing has changed.
 *
 * @param fill writes the content into the folder whose path it gets
 */
export async function writeFolderAtomic(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  await naming(path, async () => {
    await makeFolders(dirname(path));
    const temporary = temporaryName(path);
    try {
      await mkdir(temporary);
      await fill(temporary);
      await replaceFolder(temporary, path);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
    await syncFolder(dirname(path));
  });
}

/**
 * Makes a folder and those on the way, where they are missing. Node's own recursive `mkdir` says "no such file" for
 * whatever is in the way, such as a read-only disk.
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (codeOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolders(dirname(path));
    await makeFolders(path);
  }
}

/** Removes what a process left half-written in a folder when it was killed: temporary files and folders. */
export async function removeTemporaries(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter(isTemporary)) await rm(join(folder, name), { recursive: true, force: true });
}

/** Whether a name is one that these functions give to what is not finished. */
export function isTemporary(name: string): boolean {
  return /^\..+\.[0-9a-f-]{36}\.tmp$/.test(name);
}

/** Removes a folder so that no reader sees half of it: it takes a temporary name first. */
export async function removeFolder(path: string): Promise<void> {
  await naming(path, async () => {
    const aside = temporaryName(path);
    await rename(path, aside);
    await rm(aside, { recursive: true, force: true });
  });
}

/** A folder with content cannot be renamed over: the old one steps aside first, and back when that fails. */
async function replaceFolder(temporary: string, path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) === undefined) return await rename(temporary, path);
  const aside = temporaryName(path);
  await rename(path, aside);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rename(aside, path);
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

/** A file that only grows, line by line: each line is on its way to the disk when `append` resolves. */
export interface LineWriter {
  /** Adds one line of JSON; calls are kept in order. */
  append(value: unknown): Promise<void>;
  /** Waits until all lines appended before are on the disk. */
  sync(): Promise<void>;
  /** Flushes to the disk and closes. */
  close(): Promise<void>;
}

/** Opens a JSONL file for appending; folders on the way are made. */
export async function openLines(path: string): Promise<LineWriter> {
  const file = await naming(path, async () => {
    await makeFolders(dirname(path));
    return await open(path, "a");
  });
  let last: Promise<unknown> = Promise.resolve();
  return {
    append(value) {
      const line = `${JSON.stringify(value)}\n`;
      const written = last.then(() => naming(path, () => file.appendFile(line)));
      last = written.catch(() => undefined); // the caller of this append gets the error; the next one tries again
      return written;
    },
    async sync() {
      await last;
      await naming(path, () => file.sync());
    },
    async close() {
      await last;
      await finish(file, async () => {});
    },
  };
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
}

async function finish(file: FileHandle, write: () => Promise<void>): Promise<void> {
  try {
    await write();
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename itself durable. Windows cannot open folders: there the file system's journal has to do. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  await finish(folder, async () => {});
}

/** Codes of the system's errors that a person can do something about: what is wrong, and what to do. */
const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  EACCES: ["permission denied", "choose a folder you may write to"],
  EPERM: ["permission denied", "choose a folder you may write to"],
  EROFS: ["the file system is read-only", "choose a folder you may write to"],
  ENOSPC: ["the disk is full", "free some space or choose another folder"],
  EDQUOT: ["the disk quota is used up", "free some space or choose another folder"],
  EFBIG: ["the largest file size allowed here is reached", "raise the limit (ulimit -f) or choose another folder"],
  EISDIR: ["there is a folder of that name", "choose another name"],
  ENOTDIR: ["a part of the path is a file", "choose another path"],
  ENOENT: ["a part of the path cannot be made", "choose another path"],
  EEXIST: ["a part of the path is a file", "choose another path"],
  ENAMETOOLONG: ["the name is too long", "choose a shorter name"],
};

/** Runs `act`; a failure that has a name here is refused with the path. */
export async function naming<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const code = codeOf(error);
    const [problem, remedy] = REASONS[code] ?? [];
    if (problem === undefined || remedy === undefined) throw error;
    return refuse("write", `cannot write ${path}: ${problem} (${code})`, remedy, error);
  }
}

/** The system's code of an error, such as "ENOSPC"; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
