/** Dumps written for a test: files by name in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** Rows as JSONL, or a text as it is. */
export type DumpFile = string | Uint8Array | readonly object[];

/** Writes the files and gives the folder, which goes when the test ends. */
export function dump(files: Readonly<Record<string, DumpFile>>): string {
  const folder = mkdtempSync(join(tmpdir(), "rlvr-import-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(
      join(folder, name),
      isRows(content) ? content.map((row) => `${JSON.stringify(row)}\n`).join("") : content,
    );
  }
  return folder;
}

function isRows(content: DumpFile): content is readonly object[] {
  return Array.isArray(content);
}
