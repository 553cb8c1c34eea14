/**
 * Mutated notebooks and percent scripts are read or refused with a message, never anything else; what is read can be
 * written and read again. A tenth of the 10,000 inputs each unless RLVR_FUZZ=full.
 */
import { expect, test } from "vitest";
import { withoutRun } from "../../../kernel/notebook/clean.ts";
import { type Cell, formatNotebook, type Notebook } from "../../../kernel/notebook/format.ts";
import { parseNotebook } from "../../../kernel/notebook/parse.ts";
import { formatPercent, parsePercent } from "../../../kernel/notebook/percent.ts";
import { type Rng, rng } from "../../../src/toolkit/rng.ts";
import { INPUTS, mutated } from "../fuzz.ts";

const FOUR = {
  cells: [
    { cell_type: "markdown", id: "a", metadata: { custom: [1] }, source: ["# T\n", "text"] },
    {
      cell_type: "code",
      execution_count: 2,
      id: "b",
      metadata: { tags: ["parameters"] },
      outputs: [
        { name: "stdout", output_type: "stream", text: ["1\n", "2\n"] },
        {
          data: { "application/json": { data: [] }, "text/plain": ["a\n"] },
          metadata: {},
          output_type: "display_data",
        },
        { ename: "Error", evalue: "x", output_type: "error", traceback: ["Error: x"] },
      ],
      source: ["const x = 1;\n", "x"],
    },
  ],
  metadata: { kernelspec: { name: "rlvr" } },
  nbformat: 4,
  nbformat_minor: 5,
};
const THREE = {
  nbformat: 3,
  metadata: { name: "" },
  worksheets: [
    {
      cells: [
        { cell_type: "heading", level: 2, source: ["A"] },
        {
          cell_type: "code",
          input: ["1"],
          prompt_number: 1,
          outputs: [{ output_type: "pyout", text: ["1"], json: "{}" }],
        },
      ],
    },
  ],
};
const SCRIPT = formatPercent(parseNotebook(JSON.stringify(FOUR), "four.ipynb"));

/** The share of inputs that were refused; every other one has to survive `again`. */
function refusedShare(seed: string, text: string, read: (text: string) => Notebook, again: (n: Notebook) => Notebook) {
  const random = rng({ seed: 1, stream: seed });
  let refused = 0;
  for (let i = 0; i < INPUTS; i++) {
    const input = mutated(text, random);
    try {
      const notebook = read(input);
      expect(again(notebook), input).toEqual(notebook);
    } catch (error) {
      expect(error, input).toMatchObject({ name: "UsageError" });
      refused++;
    }
  }
  return refused / INPUTS;
}

test.each([
  ["nbformat 4", FOUR],
  ["nbformat 3", THREE],
])("fuzz: mutated files of %s are read or refused", (name, value) => {
  const read = (text: string): Notebook => parseNotebook(text, "fuzz.ipynb");
  const share = refusedShare(name, JSON.stringify(value, null, 1), read, (notebook) => read(formatNotebook(notebook)));
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(1);
});

test("fuzz: mutated percent scripts are read or refused", () => {
  const read = (text: string): Notebook => parsePercent(text, "fuzz.ts");
  const share = refusedShare("percent", SCRIPT, read, (notebook) => read(formatPercent(notebook)));
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.9);
});

const PIECES = [
  "\n",
  "\r",
  "// ",
  "%%",
  "\\",
  " ",
  "//%% x",
  '"',
  "=",
  "[",
  "}",
  "a",
  "---",
  "id=",
  "\u2028",
  "é",
  "\t",
  "#",
];

function randomText(random: Rng, most: number): string {
  return Array.from({ length: random.integer(most) }, () => random.pick(PIECES)).join("");
}

function randomNotebook(random: Rng): Notebook {
  const settings = (): Cell["metadata"] => {
    const values = [
      null,
      1.5,
      true,
      [],
      {},
      randomText(random, 6),
      { [randomText(random, 3)]: [randomText(random, 4)] },
    ];
    const names = ["tags", "id", "metadata", "attachments", "constructor", randomText(random, 3)];
    return Object.fromEntries(
      Array.from({ length: random.integer(3) }, () => [random.pick(names), random.pick(values)]),
    );
  };
  const cells = Array.from({ length: random.integer(4) }, (_, i): Cell => {
    const shared = { id: `c${i}`, metadata: settings(), source: randomText(random, 12) };
    if (random.uniform() < 0.5) return { cell_type: "code", ...shared, outputs: [], execution_count: null };
    return { cell_type: random.pick(["markdown", "raw"] as const), ...shared };
  });
  return { metadata: settings(), cells };
}

test("fuzz: random notebooks come back from percent scripts as they were", () => {
  const random = rng({ seed: 2, stream: "round trip" });
  for (let i = 0; i < INPUTS; i++) {
    const notebook = withoutRun(randomNotebook(random));
    const script = formatPercent(notebook);
    expect(parsePercent(script, "round.ts"), script).toEqual(notebook);
  }
});
