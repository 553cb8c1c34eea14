/**
 * Where the code of a worker thread or child process lies. Node 20 cannot run TypeScript, so such code always runs
 * from `dist/`, also when the caller itself runs from sources (under Vitest, or Node's type stripping).
 */
import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { refuse } from "./refuse.ts";

/**
 * The URL of a built module.
 *
 * @param specifier relative path of the module's source, such as `"./worker.ts"`
 * @param base the caller's `import.meta.url`
 * @throws UsageError when the module has not been built
 */
export function entryPoint(specifier: string, base: string): URL {
  const target = new URL(specifier.replace(/\.ts$/, ".js"), base);
  if (!base.endsWith(".ts")) return target;
  const file = fileURLToPath(target);
  const root = packageRoot(dirname(file));
  const built = join(root, "dist", relative(root, file));
  if (!existsSync(built)) refuse("entryPoint", `${built} does not exist`, "run `npm run build` first");
  return pathToFileURL(built);
}

function packageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) throw new Error(`internal: no package.json above ${from.split(sep).join("/")}`);
  }
}
