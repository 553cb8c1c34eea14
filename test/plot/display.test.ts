import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MimeBundle } from "../../src/plot/figure.ts";
import { writeFigure } from "../../src/plot/figure-files.ts";
import { display, figure, plotlyMime, sampleBook } from "../../src/plot/index.ts";

const root = join(import.meta.dirname, "../..");
const built = pathToFileURL(join(root, "dist/src/plot/index.js")).href;
const one = figure({
  data: [{ type: "scatter", mode: "lines", x: [1, 2], y: [1, 2] }],
  layout: { title: { text: "One figure" } },
  summary: "One figure: it rises",
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "display-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(script: string): { readonly stdout: string; readonly stderr: string; readonly status: number | null } {
  writeFileSync(join(folder, "script.mjs"), script);
  return spawnSync(process.execPath, ["script.mjs"], { cwd: folder, encoding: "utf8" });
}

async function withGlobal(key: string | symbol, value: unknown, work: () => Promise<void>): Promise<void> {
  Reflect.set(globalThis, key, value);
  try {
    await work();
  } finally {
    Reflect.deleteProperty(globalThis, key);
  }
}

test("display: in our kernel one bundle goes to its host, and update: true replaces", async () => {
  const calls: { call: string; mimes: string[]; options: unknown }[] = [];
  const call = (name: string) => (bundle: MimeBundle, options: unknown) =>
    void calls.push({ call: name, mimes: Object.keys(bundle), options });
  await withGlobal(Symbol.for("rlvr.display"), { display: call("display"), update: call("update") }, async () => {
    expect(await display(one)).toBeUndefined();
    await display(one, { id: "mine", update: true });
    await display("words");
    await display({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>own</b>" }) });
  });
  const mimes = [plotlyMime, "image/svg+xml", "text/plain"];
  expect(calls).toEqual([
    { call: "display", mimes, options: {} },
    { call: "update", mimes, options: { id: "mine" } },
    { call: "display", mimes: ["text/plain"], options: {} },
    { call: "display", mimes: ["text/html"], options: {} },
  ]);
});

test("display: in Deno the figure is broadcast at once, its picture as an update; plain Deno throws on the property", async () => {
  const sent: [string, object][] = [];
  const jupyter = { broadcast: async (type: string, content: object) => void sent.push([type, content]) };
  await withGlobal("Deno", { jupyter }, async () => {
    const shown = display(one, { id: "mine" });
    expect(sent).toMatchObject([["display_data", { transient: { display_id: "mine" } }]]); // before any wait
    await shown;
  });
  expect(sent[1]).toMatchObject(["update_display_data", { transient: { display_id: "mine" } }]);
  expect(sent[1]?.[1]).toHaveProperty(["data", "image/svg+xml"]);
});

test("display: in Deno a figure's samples come last, as a display of their own; in a script they are in its page", async () => {
  const book = sampleBook({ base: { problems: [{ id: "p", completions: [{ text: "a completion", score: 1 }] }] } });
  const meta = { samples: [book.point("p", book.problem("p"))] };
  const data = [{ type: "scatter", mode: "markers", x: [1], y: [1], meta }] as const;
  const withSamples = figure({ data, layout: {}, summary: "One", samples: book.finish() });
  const sent: [string, { readonly data: MimeBundle }][] = [];
  const jupyter = { broadcast: async (type: string, content: { data: MimeBundle }) => void sent.push([type, content]) };
  await withGlobal("Deno", { jupyter }, async () => void (await display(withSamples, { id: "mine" })));
  expect(sent.map(([type]) => type)).toEqual(["display_data", "update_display_data", "display_data"]);
  expect(Object.keys(sent[1]?.[1].data ?? {})).toEqual([plotlyMime, "image/svg+xml", "text/plain"]);
  expect(sent[2]).toMatchObject(["display_data", { transient: { display_id: "mine/below" } }]);
  expect(sent[2]?.[1].data["text/html"]).toContain("a completion");
  const page = await writeFigure(await withSamples.bundle(), "samples-test");
  try {
    expect(readFileSync(page, "utf8")).toMatch(/<section class="rlvr-samples".*a completion/s);
  } finally {
    for (const file of [page, page.replace("html", "svg")]) rmSync(file);
  }
});

test("display: a plain script writes a page and an SVG, prints and returns the path, and ends", () => {
  const { stdout, stderr, status } = run(`import { display, figure } from ${JSON.stringify(built)};
    const data = [{ type: "scatter", mode: "lines", x: [1, 2], y: [1, 2] }];
    const one = figure({ data, layout: { title: { text: "One" } }, summary: "One figure: it rises" });
    console.log(await display(one), await display(one), await display(one, { id: "Chosen name" }));`);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const paths = ["out/one-figure.html", "out/one-figure-2.html", "out/chosen-name.html"];
  expect(stdout.split("\n")).toEqual([...paths.map((path) => `figure ${path}`), paths.join(" "), ""]);
  expect(readdirSync(join(folder, "out")).sort()).toEqual(
    paths
      .flatMap((path) => [path, path.replace("html", "svg")])
      .map((path) => path.slice(4))
      .sort(),
  );
  expect(readFileSync(join(folder, "out/one-figure.html"), "utf8")).toContain("One figure: it rises");
  expect(readFileSync(join(folder, "out/one-figure.svg"), "utf8")).toMatch(/^<svg/);
});

test("display: live curves in a plain script rewrite one page, whose last state is the run's", () => {
  const { stdout, status, stderr } = run(`import { display, liveCurves } from ${JSON.stringify(built)};
    const records = [];
    const finished = new Promise((resolve) => setTimeout(() => {
      records.push({ step: 1, metrics: { reward: 0.125 } });
      resolve();
    }, 50));
    await display(liveCurves({ records, finished, onStep: () => () => {} }));`);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).toBe("figure out/training.html\n");
  expect(readFileSync(join(folder, "out/training.html"), "utf8")).toContain('"y":[0.125]');
  expect(readdirSync(join(folder, "out")).sort()).toEqual(["training.html", "training.svg"]);
});

test("display: an output folder that cannot be written is one plain error", () => {
  writeFileSync(join(folder, "out"), "a file");
  const { stderr, status } = run(`import { display } from ${JSON.stringify(built)};
    await display("words");`);
  expect(status).toBe(1);
  expect(stderr).toMatch(/UsageError: .*out/);
});

test("display: in tslab's own executor the bundle goes out while the cell runs, under one id", () => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/rlvr-lab"));
  const tslab = join(createRequire(import.meta.url).resolve("tslab"), "..");
  const cell = `import { display, figure } from "rlvr-lab/plot";
    const one = figure({ data: [{ type: "scatter", mode: "lines", x: [1], y: [2] }], layout: {}, summary: "One" });
    display(one);
    console.log("cell ends");`;
  const { stdout, stderr } = run(`import { createRequire } from "node:module";
    const require = createRequire(import.meta.url);
    const load = (name) => require(${JSON.stringify(tslab)} + "/" + name + ".js");
    load("jupyter").lastWriteDisplayData = ({ data, transient }, update) =>
      console.log(JSON.stringify([update, Object.keys(data), transient.display_id]));
    const converter = load("converter").createConverter();
    const executor = load("executor").createExecutor(process.cwd(), { node: converter, browser: converter }, console);
    console.log("ran", await executor.execute(${JSON.stringify(cell)}));
    setTimeout(() => process.exit(0), 5000);`);
  const [first = "[]", end, ran, second = "[]"] = stdout.split("\n");
  expect([end, ran], stderr).toEqual(["cell ends", "ran true"]);
  const [shown, drawn] = [JSON.parse(first), JSON.parse(second)];
  expect(shown.slice(0, 2)).toEqual([false, [plotlyMime, "text/plain"]]);
  expect(drawn).toEqual([true, [plotlyMime, "image/svg+xml", "text/plain"], shown[2]]);
});
