import { expect, test } from "vitest";
import { Engine } from "../../../src/toolkit/jit/engine.ts";
import { GraphBuilder } from "../../../src/toolkit/jit/graph.ts";
import type { HostTensor } from "../../../src/toolkit/jit/host-tensor.ts";
import { drawNodes } from "../../../src/toolkit/policy/sampling-nodes.ts";

const largestUniform = 1 - 2 ** -24;

interface Case {
  readonly name: string;
  readonly logits: readonly number[];
  readonly uniform: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly token: number;
  /** Share of the sampling distribution. */
  readonly share: number;
}

async function draw({ logits, uniform, topK, topP, minP }: Case): Promise<readonly number[]> {
  const graph = new GraphBuilder("draw");
  const cuts = { ...(topK && { topK }), ...(topP && { topP }), ...(minP && { minP }) };
  const sampling = { greedy: false, temperature: 1, ...cuts };
  graph.output("drawn", drawNodes({ graph }, graph.input("logits", "float32", [1, logits.length]), sampling));
  const number = (value: number): HostTensor => ({ data: Float32Array.of(value), shape: [1, 1] });
  const { drawn } = await Engine.shared().run(graph.build(), {
    logits: { data: Float32Array.from(logits), shape: [1, logits.length] },
    uniforms: number(uniform),
    ...(topK && { topK: { data: Int32Array.of(topK - 1), shape: [1] } }),
    ...(topP && { topP: number(topP) }),
    ...(minP && { minP: number(minP) }),
  });
  return [...(drawn?.data ?? [])];
}

// Logits log 3, log 4, log 1 have probabilities 3/8, 4/8, 1/8.
const logits = [Math.log(3), Math.log(4), 0];

test.each<Case>([
  { name: "0 draws the first token", logits, uniform: 0, token: 0, share: 3 / 8 },
  { name: "just below 3/8 draws the first", logits, uniform: 0.374, token: 0, share: 3 / 8 },
  { name: "just above 3/8 draws the second", logits, uniform: 0.376, token: 1, share: 4 / 8 },
  { name: "the largest number draws the last", logits, uniform: largestUniform, token: 2, share: 1 / 8 },
  { name: "0 passes over a token of weight 0", logits: [-200, 0, 0], uniform: 0, token: 1, share: 1 / 2 },
  { name: "an exact half is the second half's", logits: [0, 0], uniform: 0.5, token: 1, share: 1 / 2 },
  { name: "a last token of weight 0 is out of reach", logits: [0, -200], uniform: largestUniform, token: 0, share: 1 },
  { name: "top-k keeps the k likeliest, in falling order", logits, uniform: 0.5, topK: 2, token: 1, share: 4 / 7 },
  { name: "top-k's second part", logits, uniform: 0.58, topK: 2, token: 0, share: 3 / 7 },
  { name: "top-k keeps what ties with the k-th", logits: [0, 0, 0], uniform: 0.9, topK: 1, token: 2, share: 1 / 3 },
  { name: "top-p keeps the token that reaches it", logits, uniform: 0.9, topP: 0.51, token: 0, share: 3 / 7 },
  { name: "top-p below the likeliest's share keeps it", logits, uniform: 0.9, topP: 0.01, token: 1, share: 1 },
  { name: "min-p drops what is less likely than its share", logits, uniform: 0.99, minP: 0.5, token: 0, share: 3 / 7 },
  { name: "the largest number stays among the kept", logits, uniform: largestUniform, minP: 0.9, token: 1, share: 1 },
])("drawNodes: $name", async (given) => {
  const [token, sampled = Number.NaN, policy = Number.NaN] = await draw(given);
  expect(token).toBe(given.token);
  expect(sampled).toBeCloseTo(Math.log(given.share), 5);
  const total = given.logits.reduce((sum, z) => sum + Math.exp(z), 0);
  expect(policy).toBeCloseTo((given.logits[given.token] ?? 0) - Math.log(total), 5); // nothing cut off
});

test("drawNodes: greedy takes the lowest id of equals, with certainty", async () => {
  const graph = new GraphBuilder("draw");
  graph.output(
    "drawn",
    drawNodes({ graph }, graph.input("logits", "float32", [1, 3]), { greedy: true, temperature: 1 }),
  );
  const feeds = { logits: { data: Float32Array.of(0, 2, 2), shape: [1, 3] } };
  const { drawn } = await Engine.shared().run(graph.build(), feeds);
  const [token, sampled, policy = Number.NaN] = drawn?.data ?? [];
  expect([token, sampled]).toEqual([1, 0]);
  expect(policy).toBeCloseTo(-Math.log(2 + Math.exp(-2)), 5); // 2 − log(2 e² + 1)
});
