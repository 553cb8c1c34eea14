import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { openNotebook, pause, temporaryFolder, text } from "../support.ts";
import { corpus } from "./corpus.ts";

interface Behaviour {
  readonly printed: string;
  readonly error: string;
}

/** Time for late output of a program, ms. */
const settleMs = 12;

const driver = `
  import { format } from "node:util";
  const all = [];
  for (let i = 0; i < ${corpus.length}; i++) {
    const lines = [];
    console.log = (...args) => lines.push(format(...args));
    let error = "";
    try { await import("./m" + i + ".mjs"); } catch (e) { error = e instanceof Error ? e.name + ": " + e.message : JSON.stringify(e); }
    await new Promise((resolve) => setTimeout(resolve, ${settleMs}));
    all.push({ printed: lines.join("\\n"), error });
  }
  process.stdout.write(JSON.stringify(all));
`;

function asModules(): readonly Behaviour[] {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const compilerOptions = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  for (const [i, source] of corpus.entries()) {
    writeFileSync(join(folder, `m${i}.mjs`), ts.transpileModule(source, { compilerOptions }).outputText);
  }
  writeFileSync(join(folder, "driver.mjs"), driver);
  const { stdout, stderr } = spawnSync(process.execPath, ["driver.mjs"], { cwd: folder, encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Every cell in one session, so that names of earlier cells are there to be mistaken for the cell's own. */
async function asCells(): Promise<readonly Behaviour[]> {
  await using notebook = await openNotebook();
  const found: Behaviour[] = [];
  for (const source of corpus) {
    const { outcome, events } = await notebook.run(source);
    await pause(settleMs);
    const { ename, evalue } = outcome.error ?? { ename: "", evalue: "" };
    const error = ename === "" ? "" : ename === "Thrown" ? evalue : `${ename}: ${evalue}`;
    found.push({ printed: text(events).replace(/\n$/, ""), error });
  }
  return found;
}

/** Thrown values that are no errors are shown, not serialised; errors of the loader name the file. */
function normal({ printed, error }: Behaviour): Behaviour {
  return { printed, error: error.replace(/^\{ ?custom: true ?\}$/, '{"custom":true}') };
}

test(`compiler: ${corpus.length} programs do the same as a cell and as a module`, async () => {
  const cells = (await asCells()).map((behaviour, i) => ({ source: corpus[i], ...normal(behaviour) }));
  const modules = asModules().map((behaviour, i) => ({ source: corpus[i], ...normal(behaviour) }));
  expect(cells).toEqual(modules);
});
