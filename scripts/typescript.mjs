// Lets this process import TypeScript sources: types are stripped as a module is loaded, nothing is written.
// Node 20 has asynchronous hooks only, which run in a thread of their own and find `load` in this module.
import { readFileSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";
import { transformSync } from "oxc-transform";

/** The hook of `node:module`; it gives what it is given for everything that is no TypeScript source. */
export function load(url, context, next) {
  if (!url.startsWith("file:") || !/\.m?ts$/.test(url)) return next(url, context);
  const file = fileURLToPath(url);
  const { code, errors } = transformSync(file, readFileSync(file, "utf8"), {
    lang: "ts",
    sourceType: "module",
    typescript: { onlyRemoveTypeImports: true },
  });
  const error = errors.find(({ severity }) => severity === "Error");
  if (error) throw new SyntaxError(`${file}: ${error.message}`);
  return { format: "module", source: code, shortCircuit: true };
}

/** Call once, then import sources by `import("./x.ts")`. */
export function allowTypeScript() {
  if (module.registerHooks) module.registerHooks({ load });
  else module.register(import.meta.url);
}
