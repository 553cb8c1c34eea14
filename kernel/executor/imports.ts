/** `import` of cells: from the notebook's folder, with local TypeScript and JSON read again when they change. */
import { existsSync, readFileSync } from "node:fs";
import nodeModule, { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import * as hooks from "./loader-hooks.ts";
import { resolveLocal } from "./local-modules.ts";

export interface CellImports {
  /** What a static or dynamic import of a cell gives. */
  load(specifier: unknown, options: ImportCallOptions | undefined): Promise<object>;
  readonly require: NodeJS.Require;
}

/** Modules that the kernel serves itself. */
export type ServedModules = Readonly<Record<string, object>>;

export function cellImports(folder: string, served: ServedModules): CellImports {
  const base = join(folder, "notebook.mjs");
  const importFrom: (specifier: string, options?: ImportCallOptions) => Promise<object> = new vm.Script(
    "(specifier, options) => import(specifier, options)",
    { filename: base, importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER },
  ).runInThisContext();
  return {
    require: createRequire(base),
    async load(specifier, options) {
      const name = String(specifier);
      const own = Object.hasOwn(served, name) ? served[name] : undefined;
      if (own) return own;
      const local = resolveLocal(name, pathToFileURL(base).href);
      if (local !== undefined) {
        installHooks();
        return importFrom(local, options);
      }
      const json = jsonFile(name, base);
      if (json !== undefined) return readJson(json);
      return importFrom(name, options).catch((error: unknown) => importOwn(name, options, error));
    },
  };
}

/** Runs a script in this process, TypeScript included, as the main module. @param url of the file @returns its exports */
export async function importScript(url: string): Promise<Readonly<Record<string, unknown>>> {
  installHooks();
  return await import(resolveLocal(url, url) ?? url);
}

let hooked = false;

/** Node below 22.15 runs hooks in a thread of its own, above in the main thread. */
function installHooks(): void {
  if (hooked) return;
  hooked = true;
  const registerHooks: unknown = Reflect.get(nodeModule, "registerHooks");
  if (typeof registerHooks === "function") Reflect.apply(registerHooks, nodeModule, [hooks]);
  else nodeModule.register(new URL("./loader-hooks.js", import.meta.url).href);
}

function jsonFile(specifier: string, base: string): string | undefined {
  if (!/^(\.{1,2}\/|\/|file:).*\.json$/.test(specifier)) return undefined;
  return fileURLToPath(new URL(specifier, pathToFileURL(base)));
}

function readJson(path: string): object {
  return Object.freeze({ __proto__: null, default: JSON.parse(readFileSync(path, "utf8")) });
}

/** `rlvr-lab` is found from every folder: a notebook outside any package uses the one that the kernel belongs to. */
async function importOwn(specifier: string, options: ImportCallOptions | undefined, error: unknown): Promise<object> {
  const notFound = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  if (!notFound || !/^rlvr-lab(\/|$)/.test(specifier)) throw error;
  const target = import.meta.resolve(specifier);
  if (!existsSync(fileURLToPath(target))) throw error;
  return import(target, options);
}

/** A named export of a module, or of a CommonJS module's exports. Refused as Node refuses it. */
export function pickExport(module: object, name: string, specifier: string): unknown {
  if (name in module) return Reflect.get(module, name);
  const exported: unknown = Reflect.get(module, "default");
  if ((typeof exported === "object" || typeof exported === "function") && exported && name in exported) {
    return Reflect.get(exported, name);
  }
  throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${name}'`);
}
