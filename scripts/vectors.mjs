// `npm run -s vectors -- <slug> <file.json>`: runs the cases of a file through a method's adapter, test/vectors/<slug>.ts.
// Prints what differs and ends with `N passed, N failed`; the exit code is 1 when one failed. Without a file: the method's own.
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { allowTypeScript } from "./typescript.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [slug, file, ...more] = process.argv.slice(2);
if (slug === undefined || more.length > 0) {
  console.error("vectors: usage: npm run -s vectors -- <slug> [<file.json>]");
  process.exit(2);
}
// Sources run as they are, but workers and child processes that a method starts run from dist/.
if (stale() && (await build()) !== 0) console.error("vectors: the build has errors; going on with what it made");

allowTypeScript();
const { runVectors } = await import("../test/vectors/runner/run.ts");
const { passed, failures } = await runVectors(slug, file);
for (const failure of failures) process.stdout.write(`${failure}\n`);
process.stdout.write(`${passed} passed, ${failures.length} failed\n`);
process.exit(failures.length > 0 ? 1 : 0);

/** Whether a source is younger than the last build. */
function stale() {
  const built = statSync(join(root, "dist/build.tsbuildinfo"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return ["src", "kernel"].some((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).some(
      (entry) => entry.isFile() && statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs > built,
    ),
  );
}
