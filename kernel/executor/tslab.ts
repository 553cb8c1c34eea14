/** The module `tslab` as cells see it: tslab's display functions, served by this kernel. */
import type { Displays } from "./display.ts";
import type { CellRun } from "./run.ts";

export function tslabModule(displays: Displays, owner: () => CellRun): object {
  const module = {
    display: displays.forCells(owner),
    newDisplay: () => displays.newDisplay(owner),
    versions: { tslab: "rlvr-lab", typescript: "6.0.3", node: process.version },
  };
  return Object.freeze({ ...module, default: module });
}
