/** A notebook of twenty cells without a front end, against the same statements in plain Node, and papermill where it is. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, report } from "./support/figure.ts";

const rounds = 9;
const cells = 20;
const cli = fileURLToPath(new URL("../src/cli/rlvr.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rlvr-bench-"));

const sources = Array.from(
  { length: cells },
  (_, i) => `const x${i} = ${i === 0 ? 1 : `x${i - 1} + ${i}`};\nconsole.log(x${i});`,
);
writeNotebook("cells.ipynb", sources, { name: "rlvr", language: "typescript" });
writeFileSync(join(folder, "cells.mjs"), `${sources.join("\n")}\n`);
const python = Array.from({ length: cells }, (_, i) => `x${i} = ${i === 0 ? 1 : `x${i - 1} + ${i}`}\nprint(x${i})`);
writeNotebook("python.ipynb", python, { name: "python3", language: "python" });

function writeNotebook(name: string, lines: readonly string[], kernelspec: { name: string; language: string }): void {
  const list = lines.map((source, i) => ({
    cell_type: "code",
    id: `c${i}`,
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  }));
  const metadata = { kernelspec: { ...kernelspec, display_name: kernelspec.name } };
  writeFileSync(join(folder, name), JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells: list }));
}

/** Wall time of a command, ms; undefined where it is not installed. */
function time(command: string, args: readonly string[]): number | undefined {
  const start = performance.now();
  const { status, error, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  const ms = performance.now() - start;
  if (error && "code" in error && error.code === "ENOENT") return undefined;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return ms;
}

const papermill = time("papermill", ["--version"]) !== undefined;
const [ours, plain, theirs]: [number[], number[], number[]] = [[], [], []];
for (let round = 0; round < rounds; round++) {
  ours.push(time(process.execPath, [cli, "run", "cells.ipynb", "-o", "out/cells.ipynb"]) ?? Number.NaN);
  plain.push(time(process.execPath, ["cells.mjs"]) ?? Number.NaN);
  if (papermill && round < 3) theirs.push(time("papermill", ["python.ipynb", "out/python.ipynb"]) ?? Number.NaN);
}
const figure = { bench: "headless", unit: "ms" } as const;
const name = (what: string): string => `${cells} cells${what}, median of ${rounds}`;
const over = median(ours) - median(plain);
report({ ...figure, name: name(""), value: median(ours), against: "node", reference: median(plain) });
report({ ...figure, name: name(" over plain Node"), value: over, against: "limit", reference: 400 });
if (papermill)
  report({ ...figure, name: name(""), value: median(ours), against: "papermill", reference: median(theirs) });
else console.error("papermill is not installed: not compared");
rmSync(folder, { recursive: true, force: true });
