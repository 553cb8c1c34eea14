/** Where the numbers of a run come from: what is needed to make them again, and what they were made on. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { JsonObject, Notebook } from "../notebook/format.ts";
import type { Parameter } from "./parameters.ts";

/**
 * The record that goes into a notebook's metadata under `rlvr`.
 *
 * @param folder the notebook's folder: its commit, and the nearest lock file above it, are recorded
 */
export async function provenance(
  notebook: Notebook,
  settings: readonly Parameter[],
  folder: string,
): Promise<JsonObject> {
  const sources = notebook.cells.map((cell) => `${cell.cell_type}\n${cell.source}`).join("\n\0\n");
  const lock = nearest("package-lock.json", folder);
  return {
    parameters: Object.fromEntries(settings.map(({ name, value }) => [name, value])),
    notebook: sha256(sources),
    code: await commit(folder),
    lock: lock === undefined ? null : sha256(readFileSync(lock)),
    runtime: { node: process.versions.node, v8: process.versions.v8, platform: `${process.platform}-${process.arch}` },
    hardware: { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, memoryBytes: totalmem() },
  };
}

/** The commit that is checked out and whether files differ from it; null outside a repository or without git. */
async function commit(folder: string): Promise<JsonObject | null> {
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)("git", ["-C", folder, ...args], { timeout: 5000 })).stdout.trim();
  try {
    const [hash, changes] = await Promise.all([git("rev-parse", "HEAD"), git("status", "--porcelain")]);
    return { commit: hash, dirty: changes !== "" };
  } catch {
    return null; // no git or no repository: the record says so
  }
}

function nearest(file: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, file))) return join(folder, file);
    if (folder === dirname(folder)) return undefined;
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
