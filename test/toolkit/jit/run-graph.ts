import type { GraphModel } from "../../../src/toolkit/jit/graph.ts";
import type { HostTensor } from "../../../src/toolkit/jit/host-tensor.ts";
import { Sessions } from "../../../src/toolkit/jit/sessions.ts";

const sessions = new Sessions({ threads: 1 });

/** Runs a graph on this thread. */
export function runGraph(model: GraphModel, feeds: Record<string, HostTensor>): Record<string, HostTensor> {
  return sessions.handle(model).run(feeds);
}
