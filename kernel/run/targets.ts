/** Where a run writes: refused when it is the notebook or another target, links looked through, or cannot be written. */
import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { checkWritable } from "../../src/toolkit/files.ts";
import { refuse } from "../../src/toolkit/refuse.ts";

/**
 * Checks the places of the executed notebook and of its page, if there is one.
 *
 * @throws UsageError naming the place
 */
export async function checkTargets(path: string, output: string, page: string | undefined): Promise<void> {
  const source = await realPath(path);
  const target = await realPath(output);
  if (target === source) refuse("run", `the output ${output} is the notebook itself`, "name another file with -o");
  await checkWritable(output);
  if (page === undefined) return;
  const pageTarget = await realPath(page);
  if (pageTarget === source) refuse("run", `the page ${page} is the notebook itself`, "name another file");
  if (pageTarget === target) refuse("run", `the page ${page} is the output notebook`, "name another file");
  await checkWritable(page);
}

/** The file a path names in the end; for a file that does not exist yet, its place in the real folder. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const absolute = resolve(path);
    const folder = dirname(absolute);
    return folder === absolute ? absolute : join(await realPath(folder), basename(absolute));
  }
}
