/** A verifier's worker thread: makes the verifier that it is told of and answers case by case. Started by `VerifierPool`. */
import { parentPort, workerData } from "node:worker_threads";
import type { PoolMessage, PoolRequest, PoolSource } from "./pool.ts";
import { messageOf, type Verifier } from "./verifier.ts";

if (parentPort === null) throw new Error("internal: pool-program.ts must be started by a VerifierPool");
const port = parentPort;

function send(message: PoolMessage): void {
  port.postMessage(message);
}

/** The verifier that the named export makes. */
async function load({ module, name, args }: PoolSource): Promise<Verifier<unknown>> {
  const exports: Readonly<Record<string, unknown>> = await import(module);
  const make = exports[name];
  if (typeof make !== "function") throw new TypeError(`${module} exports no function ${name}`);
  const verifier: unknown = await make(...args);
  if (typeof verifier !== "object" || verifier === null || !("verify" in verifier)) {
    throw new TypeError(`${name} of ${module} made no verifier`);
  }
  return verifier as Verifier<unknown>;
}

try {
  const verifier = await load(workerData as PoolSource);
  const { name, version, hash } = verifier;
  let tail: Promise<void> = Promise.resolve();
  port.on("message", ({ id, problem, completion }: PoolRequest) => {
    tail = tail.then(async () => {
      try {
        send({ kind: "verdict", id, verdict: await verifier.verify(problem, completion) });
      } catch (error) {
        send({ kind: "error", id, reason: messageOf(error) });
      }
    });
  });
  send({ kind: "ready", identity: { name, version, ...(hash === undefined ? {} : { hash }) } });
} catch (error) {
  send({ kind: "broken", reason: messageOf(error) });
}
