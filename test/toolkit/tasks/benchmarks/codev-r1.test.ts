import { expect, test } from "vitest";
import { grpo } from "../../../../src/algorithms/index.ts";
import { rng } from "../../../../src/index.ts";
import { trainTabular } from "../../../../src/toolkit/tabular.ts";
import {
  adaptiveSampler,
  bits,
  codevReward,
  compareOn,
  equivalence,
  formatGate,
  randomDesigns,
  resetCombinations,
  roundTripFilter,
  testBench,
  verilogCircuit,
  type Words,
} from "../../../../src/toolkit/tasks/benchmarks/index.ts";

/** Outputs of a module of one expression for given inputs of four bits. */
function result(expression: string, inputs: Readonly<Record<string, bigint | number>>, width = 4) {
  const names = Object.keys(inputs).map((name) => `input [3:0] ${name}`);
  const source = `module m(${names.join(", ")}, output [${width - 1}:0] y); assign y = ${expression}; endmodule`;
  const { circuit } = verilogCircuit(source);
  const words: Words = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, bits(4, value)]));
  const { y } = circuit.step(words, circuit.initial).outputs;
  return y?.unknown === 0n ? Number(y.value) : undefined;
}

test.each<[string, number, number?]>([
  ["a + b", 4], // 13 + 7 = 20, four bits
  ["a + b", 20, 5], // the sum is as wide as its target
  ["(a + b) >> 1", 10, 5],
  ["{a + b}", 4, 5], // inside braces it is as wide as its operands
  ["a - b", 6],
  ["b - a", 10],
  ["a * b", 91, 8],
  ["a / b", 1],
  ["a % b", 6],
  ["-a", 3],
  ["~a & b", 2],
  ["a ^ b | 4'b0001", 11],
  ["a ~^ b", 5],
  ["a == b ? 4'd1 : 4'd2", 2],
  ["a > b && !(a < b)", 1],
  ["&a", 0],
  ["|a", 1],
  ["^a", 1], // three ones
  ["~^a", 0, 1],
  ["{a[1:0], b[3:2]}", 5],
  ["{2{b[1:0]}}", 15],
  ["a << 1", 10],
  ["a << 1", 26, 5],
  ["a[b - 4]", 1, 1],
  ["8'hA5", 165, 8],
  ["3'o7 + 'd1", 8],
  ["2'b10 === 2'b10", 1],
])("codev-r1: %s is %s for a = 13, b = 7", (expression, expected, width = 4) => {
  expect(result(expression, { a: 13, b: 7 }, width)).toBe(expected);
});

test.each<[string, bigint, bigint]>([
  ["4'b0x1x & 4'b0011", 0b0010n, 0b0001n], // x & 0 is 0, x & 1 is unknown
  ["4'b0x1x | 4'b0011", 0b0011n, 0b0100n],
  ["4'b0x1x ^ 4'b0011", 0b0000n, 0b0101n],
  ["4'b0x1x + 4'b0001", 0n, 15n],
  ["4'b0x1x == 4'b1000", 0n, 0n], // a known bit differs
  ["4'b0x1x == 4'b0010", 0n, 1n],
  ["4'b0x1x === 4'b0x1x", 1n, 0n],
  ["1'bx ? 4'b0101 : 4'b0110", 0b0100n, 0b0011n],
  ["!4'b0x00", 0n, 1n],
  ["4'b1x00 && 1'b1", 1n, 0n],
  ["p[1'bx]", 0n, 1n],
  ["p[7]", 0n, 1n], // beyond the word
  ["p[5:2]", 0b0010n, 0b1100n],
])("codev-r1: %s with unknown bits", (expression, value, unknown) => {
  const { circuit } = verilogCircuit(
    `module m(output [3:0] y); wire [3:0] p = 4'd11; assign y = ${expression}; endmodule`,
  );
  const { y } = circuit.step({}, circuit.initial).outputs;
  expect([y?.value, y?.unknown]).toEqual([value, unknown]);
});

const COUNTER = `
// counts while enabled
module counter #(parameter N = 3) (input clk, input rst_n, input en, output reg [N-1:0] q, output reg wrap);
  wire [N-1:0] next = q + 1;
  always @(posedge clk or negedge rst_n) begin
    if (!rst_n) q <= 0;
    else if (en) q <= next;
  end
  always @(*) begin
    wrap = 1'b0;
    case (q)
      3'd6, 3'd7: wrap = 1;
      default: ;
    endcase
  end
endmodule`;

test("codev-r1: a counter counts at rising edges, holds, wraps and resets at once", () => {
  const { circuit, ports, name } = verilogCircuit(COUNTER);
  expect(name).toBe("counter");
  expect(ports).toEqual({
    inputs: [{ name: "en", width: 1 }],
    outputs: [
      { name: "q", width: 3 },
      { name: "wrap", width: 1 },
    ],
    clocks: [{ name: "clk", edge: "posedge" }],
    resets: [{ name: "rst_n", options: [{ polarity: 0, synchronous: false }] }],
  });
  let state = circuit.initial;
  const put = (clk: number, rst_n: number, en: number) => {
    const after = circuit.step({ clk: bits(1, clk), rst_n: bits(1, rst_n), en: bits(1, en) }, state);
    state = after.state;
    const { q, wrap } = after.outputs;
    return [q?.unknown === 0n ? Number(q.value) : "x", wrap?.unknown === 0n ? Number(wrap.value) : "x"];
  };
  expect(put(0, 1, 1)).toEqual(["x", 0]); // an unknown word is no 6 and no 7
  expect(put(1, 1, 1)).toEqual(["x", 0]);
  expect(put(0, 0, 1)).toEqual([0, 0]); // no edge of the clock
  expect(put(1, 0, 1)).toEqual([0, 0]);
  expect(put(0, 1, 1)).toEqual([0, 0]);
  const counted = Array.from({ length: 8 }, () => [put(1, 1, 1), put(0, 1, 1)][1]);
  expect(counted.map((pair) => pair?.[0])).toEqual([1, 2, 3, 4, 5, 6, 7, 0]);
  expect(counted.map((pair) => pair?.[1])).toEqual([0, 0, 0, 0, 0, 1, 1, 0]);
  expect([put(1, 1, 0), put(0, 1, 0)].map(([q]) => q)).toEqual([0, 0]);
});

test("codev-r1: registers swap, a loop counts ones, a synchronous reset is told", () => {
  const { circuit, ports } = verilogCircuit(`module m(clk, reset, d, p, q, n);
    input clk, reset; input [2:0] d; output reg p, q; output reg [1:0] n;
    always @(posedge clk) if (reset == 1'b1) {p, q} <= 2'b10; else begin p <= q; q <= p; end
    always @* begin n = 0; n = n + d[0]; n = n + d[1]; n = n + d[2]; end
  endmodule`);
  expect(ports.resets).toEqual([{ name: "reset", options: [{ polarity: 1, synchronous: true }] }]);
  let state = circuit.initial;
  const put = (clk: number, reset: number, d = 0) => {
    const after = circuit.step({ clk: bits(1, clk), reset: bits(1, reset), d: bits(3, d) }, state);
    state = after.state;
    return ["p", "q", "n"].map((name) => Number(after.outputs[name]?.value));
  };
  put(0, 1);
  expect([put(1, 1, 7), put(0, 0, 5), put(1, 0), put(0, 0), put(1, 0, 4)]).toEqual([
    [1, 0, 3],
    [1, 0, 2],
    [0, 1, 0],
    [0, 1, 0],
    [1, 0, 1],
  ]);
});

test.each([
  ["", 'line 1: there is no "module"'],
  ["module m(output y);\nassign y = z;\nendmodule", 'line 2: "z" is not declared'],
  ["module m(input a, output y);\ninitial y = 0;\nendmodule", 'line 2: "initial" is not supported'],
  ["module m(input a, output y); assign y = a; assign y = ~a; endmodule", '"y" has 2 drivers'],
  ["module m(input a, output y); endmodule", 'the output "y" is never assigned to'],
  ["module m(input a, output y); assign a = y; endmodule", 'the input "a" is assigned to'],
  ["module m(input a, output y); assign y = a", "an end where"],
  ["module m(input a, output reg [3:0] y); always @(posedge a) y <= #1 1; endmodule", '"#" is not supported'],
  ["module m(input [0:3] a, output y); assign y = a; endmodule", "the range is [0:3]"],
  ["module m(output y); reg [3:0] mem [0:1]; endmodule", '"mem" is a memory'],
  [`module m(output y); assign y = ${"(".repeat(5000)}1`, "nested too deeply"],
  ["module m(output y); assign y = 2'b2; endmodule", "2'b2 is no number"],
])("codev-r1: a design is refused: %#", (source, message) => {
  expect(() => verilogCircuit(source)).toThrow(message);
});

test("codev-r1: a design that swings is a failure of the candidate, not of the bench", () => {
  const golden = verilogCircuit("module m(input a, output y); assign y = a; endmodule");
  const swings = "module m(input a, output y); wire b; assign b = a & ~y; assign y = b | (a & 1'b0); endmodule";
  const text = `<think></think><answer>\`\`\`verilog\n${swings}\n\`\`\`</answer>`;
  expect(codevReward(text, [golden], { seed: 1, outer: 2, inner: 5 })).toMatchObject({ accuracy: 0 });
});

const AND = "module m(input a, input b, output y); assign y = a & b; endmodule";
const OR = "module m(input a, input b, output y); assign y = a | b; endmodule";
const NAND = "module m(input a, input b, output y); assign y = !( !a | !b ); endmodule";

test("codev-r1: the card's designs on all inputs", () => {
  const golden = verilogCircuit(AND);
  const moments = [0, 1, 2, 3].map((i) => ({ inputs: { a: bits(1, i >> 1), b: bits(1, i & 1) }, check: true }));
  const against = (source: string) =>
    compareOn({ golden: golden.circuit, candidate: verilogCircuit(source).circuit, ports: golden.ports }, moments);
  expect(against(OR)).toMatchObject({ errorRate: 0.5, reward: 0, checks: 4 });
  expect(against(NAND)).toEqual({ errorRate: 0, reward: 1, checks: 4, reason: "" });
  const none = compareOn({ golden: golden.circuit, candidate: undefined, ports: golden.ports }, moments);
  expect(none).toMatchObject({ reward: 0, errorRate: 1, checks: 0 });
});

test("codev-r1: the bench has as many checks as its formula says, and repeats with its seed", () => {
  const resets = [
    {
      name: "rst",
      options: [true, false].map((up) => ({ polarity: up ? (1 as const) : (0 as const), synchronous: false })),
    },
    { name: "clr", options: [{ polarity: 1 as const, synchronous: true }] },
  ];
  expect(resetCombinations(resets).map((set) => set.map(({ name, polarity }) => `${name}${polarity}`).join())).toEqual([
    "rst1",
    "rst0",
    "clr1",
    "rst1,clr1",
    "rst0,clr1",
  ]);
  const ports = { inputs: [{ name: "d", width: 70 }], outputs: [{ name: "q", width: 1 }], resets };
  const clocked = { ...ports, clocks: [{ name: "clk", edge: "posedge" as const }] };
  const run = (seed: number) => [...testBench(clocked, rng({ seed, stream: "x" }), { outer: 2, inner: 3 })];
  expect(run(1).filter(({ check }) => check)).toHaveLength(2 * (1 + 3) * (1 + 5));
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
  expect(run(1).some(({ inputs }) => (inputs.d?.value ?? 0n) >= 2n ** 69n)).toBe(true);
  const bench = (changed: object) => () => [...testBench({ ...ports, ...changed }, rng({ seed: 1, stream: "x" }))];
  const two = ["c", "k"].map((name) => ({ name, edge: "posedge" as const }));
  expect(bench({ clocks: two })).toThrow("there are 2 clocks (c, k)");
  expect(bench({ outputs: [] })).toThrow("there is no output");
  expect(bench({ inputs: [{ name: "d", width: 0 }] })).toThrow('port "d" has 0 bits');
});

test.each([
  ["<think>a</think><answer>```verilog\nX\n```</answer>", "X"],
  ["<think>a</think><answer>```verilog\nX\n```</answer><answer>", undefined],
  ["</think>a<think><answer>```verilog\nX\n```</answer>", undefined],
  ["<think>a</think><answer>X</answer>", undefined],
  ["<think>a</think><answer>```verilog\nX\n``` ```verilog\nY\n```</answer>", "Y"],
  ["<think>a</think><answer>```verilog\nX</answer>", undefined],
  ["", undefined],
])("codev-r1: the format of %j", (text, expected) => {
  expect(formatGate(text)).toBe(expected);
});

test("codev-r1: the reward is the best over golden designs, and length costs wrong answers, too", () => {
  const golden = [AND, OR].map(verilogCircuit);
  const say = (source: string) => `<think>.</think><answer>\n\`\`\`verilog\n${source}\n\`\`\`\n</answer>`;
  const score = (text: string, length = 0) =>
    codevReward(text, golden, { seed: 3, outer: 2, inner: 20, length, max: 100, buffer: 20 });
  expect(score(say(OR))).toEqual({ reward: 1, accuracy: 1, penalty: 0, reason: "" });
  expect(score(say(NAND), 90)).toMatchObject({ reward: 0.5, accuracy: 1, penalty: -0.5 });
  expect(score(say(AND.replace("&", "^")), 100)).toMatchObject({ reward: -1, accuracy: 0 });
  expect(score(say("module m(input a); garbage"))).toMatchObject({
    accuracy: 0,
    reason: expect.stringContaining("line 1"),
  });
  expect(score(AND)).toMatchObject({ accuracy: 0, reason: "the format is wrong" });
  expect(score(say("module m(input b, output z); assign z = b; endmodule"))).toMatchObject({ accuracy: 0 });
  expect(() => codevReward(say(AND), [], { seed: 1 })).toThrow("there is no golden design");
});

test("codev-r1: the sampler takes up where its state was saved, and gives up after its rounds", () => {
  const sampler = adaptiveSampler({ batch: 8, chunk: 2 });
  sampler.report({ drawn: 8, keptNow: 3 });
  const saved = JSON.parse(JSON.stringify(sampler.state));
  const again = adaptiveSampler({ batch: 8, chunk: 2 }, saved);
  expect(again.next()).toEqual(sampler.next());
  expect(again.next()).toEqual({ need: 5, draw: 14 }); // 5 / (3/8) = 13.3
  expect(again.report({ drawn: 14, keptNow: 0 }).warning).toBe("no prompt of 14 was kept; the ratio counts as 0.0625");
  expect(() => adaptiveSampler({ batch: 8, maxRounds: 1 }).report({ drawn: 8, keptNow: 3 })).toThrow("after 1 rounds");
  const mean = adaptiveSampler({ batch: 8, chunk: 8, ratio: "mean", newest: 0.5 });
  expect(mean.report({ drawn: 32, keptNow: 8 }).rho).toBe(0.625); // 1 + 0.5 (0.25 − 1)
  expect(mean.report({ drawn: 8, keptNow: 8 }).rho).toBe(0.8125); // and up again
});

test("codev-r1: at a keep rate of 0.6, rounds of whole batches draw 2.0 of them, adaptive ones 1.75, and more as the run goes on", () => {
  const [batch, steps] = [128, 200];
  const random = rng({ seed: 1, stream: "prompts" });
  const keep = (count: number): number =>
    Array.from({ length: count }, () => random.uniform() < 0.6).filter(Boolean).length;
  let plain = 0;
  for (let step = 0; step < steps; step++) for (let kept = 0; kept < batch; kept += keep(batch)) plain += batch;
  const adaptive = (ratio: "min" | "mean", updates: number): number => {
    const sampler = adaptiveSampler({ batch, ratio });
    let drawn = 0;
    for (let step = 0; step < updates; ) {
      const { draw } = sampler.next();
      drawn += draw;
      if (sampler.report({ drawn: draw, keptNow: keep(draw) }).done) step++;
    }
    return drawn / updates / batch;
  };
  expect(plain / steps / batch).toBeCloseTo(2, 1);
  // 1.67 if the ratio were known; the smallest ratio so far falls with bad luck, and every later draw is larger
  expect(adaptive("min", 5)).toBeCloseTo(1.75, 1);
  expect(adaptive("min", steps)).toBeCloseTo(1.92, 1);
  expect(adaptive("mean", steps)).toBeCloseTo(1.74, 1);
});

/** Share of wrong mutants that a bench of some size lets pass. */
function falseAccepts(
  kind: "operator" | "reset" | "rare",
  size: { readonly outer: number; readonly inner: number },
): number {
  const pairs = randomDesigns({ count: 24, seed: 4, mutants: 3 }).flatMap(({ verilog, mutants }) =>
    mutants.filter((mutant) => mutant.kind === kind).map((mutant) => [verilog, mutant.verilog] as const),
  );
  const verdict = ([original, mutant]: readonly [string, string], outer: number, inner: number): number => {
    const [golden, candidate] = [verilogCircuit(original), verilogCircuit(mutant)];
    return equivalence({
      golden: golden.circuit,
      candidate: candidate.circuit,
      ports: golden.ports,
      seed: 9,
      outer,
      inner,
    }).reward;
  };
  const wrong = pairs.filter((pair) => verdict(pair, 8, 400) === 0);
  expect(wrong.length).toBeGreaterThan(4);
  return wrong.filter((pair) => verdict(pair, size.outer, size.inner) === 1).length / wrong.length;
}

test("codev-r1: more checks let fewer mutants pass; a wrong reset is caught by the phases of resets", () => {
  const [few, some, many] = [1, 8, 100].map((inner) => falseAccepts("rare", { outer: 1, inner }));
  expect(few).toBeGreaterThan(0.85); // one word of up to 4096 differs
  expect(some).toBeLessThan(few ?? 0);
  expect(many).toBeLessThan(0.6);
  expect(falseAccepts("operator", { outer: 1, inner: 100 })).toBe(0);
  expect(falseAccepts("reset", { outer: 2, inner: 2 })).toBe(0);
});

test("codev-r1: a design is equivalent to itself, and pairs survive the way there and back", async () => {
  const designs = randomDesigns({ count: 6, seed: 2 });
  expect(designs).toEqual(randomDesigns({ count: 6, seed: 2 }));
  const equal = (a: string, b: string): boolean => {
    const [golden, candidate] = [verilogCircuit(a), verilogCircuit(b)];
    return (
      equivalence({
        golden: golden.circuit,
        candidate: candidate.circuit,
        ports: golden.ports,
        seed: 1,
        outer: 2,
        inner: 50,
      }).reward === 1
    );
  };
  const kept = await roundTripFilter(
    designs.map(({ verilog }) => verilog),
    {
      describe: (code) => designs.find(({ verilog }) => verilog === code)?.description ?? "",
      // a writer that knows logic and has forgotten registers
      rewrite: (description) =>
        designs.find((one) => one.description === description && one.kind === "logic")?.verilog ?? AND,
      equal: (a, b) => b !== AND && equal(a, b),
    },
  );
  expect(kept.map(({ code }) => code)).toEqual(
    designs.filter(({ kind }) => kind === "logic").map(({ verilog }) => verilog),
  );
});

test("codev-r1: a policy that a weak bench trains is right less often than one that a strong bench trains", async () => {
  const designs = randomDesigns({ count: 12, seed: 6, mutants: 5 });
  const candidates = designs.map(({ verilog, mutants }) => [verilog, ...mutants.map((mutant) => mutant.verilog)]);
  const rewards = (size: { readonly outer: number; readonly inner: number }) =>
    designs.map(({ verilog }, context) => {
      const golden = verilogCircuit(verilog);
      return (candidates[context] ?? []).map((source): number => {
        const candidate = verilogCircuit(source).circuit;
        return equivalence({ golden: golden.circuit, candidate, ports: golden.ports, seed: 2, ...size }).reward;
      });
    });
  const truth = rewards({ outer: 4, inner: 300 });
  const rightAfter = async (table: readonly (readonly number[])[]): Promise<number> => {
    const problem = {
      contexts: designs.length,
      symbols: 6,
      reward: (context: number, [answer = 0]: readonly number[]) => table[context]?.[answer] ?? 0,
    };
    const { policy } = await trainTabular({
      problem,
      algorithm: grpo(),
      steps: 40,
      promptsPerStep: 12,
      samplesPerPrompt: 16,
      learningRate: 4,
      seed: 1,
      measureEvery: 39,
      measure: () => ({}),
    });
    let sum = 0;
    for (let context = 0; context < designs.length; context++) {
      const logits = Array.from({ length: 6 }, (_, s) => policy.logits[context * 6 + s] ?? 0);
      const top = logits.indexOf(Math.max(...logits));
      sum += truth[context]?.[top] ?? 0;
    }
    return sum / designs.length;
  };
  const [weak, strong] = [await rightAfter(rewards({ outer: 1, inner: 0 })), await rightAfter(truth)];
  expect(strong).toBe(1);
  expect(weak).toBeLessThan(0.9);
});
