/** Node's module hooks for local TypeScript. Runs in Node's hooks thread (Node 20) or in the main thread. */
import type { LoadHook, ResolveHook } from "node:module";
import { isTypeScript, loadLocal, resolveLocal } from "./local-modules.ts";

export const resolve: ResolveHook = (specifier, context, next) => {
  const url = resolveLocal(specifier, context.parentURL ?? "");
  return url === undefined ? next(specifier, context) : { url, format: "module", shortCircuit: true };
};

export const load: LoadHook = (url, context, next) => {
  if (!isTypeScript(url)) return next(url, context);
  return { format: "module", source: loadLocal(url), shortCircuit: true };
};
