/** The global hosts through which library code shows figures, reports progress and checks values. */
import { asBundle } from "./bundle.ts";
import type { Displays } from "./display.ts";
import type { ExecutorEventBody } from "./events.ts";
import type { OutputPipe } from "./output.ts";
import type { CellRun } from "./run.ts";

type ProgressEvent = Omit<Extract<ExecutorEventBody, { kind: "progress" }>, "kind">;
type CheckEvent = Omit<Extract<ExecutorEventBody, { kind: "check" }>, "kind">;

export function installHosts(displays: Displays, output: OutputPipe, owner: () => CellRun): void {
  install("rlvr.display", {
    display: (bundle: unknown, options?: { readonly id?: string }) =>
      displays.bundle(owner(), asBundle(bundle), options),
    update: (bundle: unknown, options: { readonly id: string }) => displays.update(owner(), asBundle(bundle), options),
    clear: (wait = false) => displays.clear(owner(), wait),
  });
  install("rlvr.progress", (event: ProgressEvent) => output.event(owner(), { ...event, kind: "progress" }));
  install("rlvr.check", ({ name, value, band, ok }: CheckEvent) => {
    const run = owner();
    output.event(run, { kind: "check", name, value, band, ok });
    if (!ok) run.failedChecks.push(name);
  });
}

function install(name: string, host: unknown): void {
  Object.defineProperty(globalThis, Symbol.for(name), { value: host, configurable: true, writable: true });
}
