/** Node's module hooks for local TypeScript. Runs in Node's hooks thread (Node 20) or in the main thread. */
import type { LoadHook, ResolveHook } from "node:module";
import { isTypeScript, loadLocal, resolveLocal } from "./local-modules.ts";

export const resolve: ResolveHook = (specifier, context, next) => {
  const url = resolveLocal(specifier, context.parentURL ?? "");
  if (url !== undefined) return { url, format: "module", shortCircuit: true };
  if (!/^rlvr-lab(\/|$)/.test(specifier)) return next(specifier, context);
  return orOwn(
    () => next(specifier, context),
    () => next(specifier, { ...context, parentURL: import.meta.url }),
  );
};

/** `rlvr-lab` is found from every folder: a module outside any package uses the one that this file belongs to. */
function orOwn<T>(find: () => T | Promise<T>, own: () => T | Promise<T>): T | Promise<T> {
  try {
    const found = find();
    return found instanceof Promise ? found.catch(own) : found;
  } catch {
    return own();
  }
}

export const load: LoadHook = (url, context, next) => {
  if (!isTypeScript(url)) return next(url, context);
  return { format: "module", source: loadLocal(url), shortCircuit: true };
};
