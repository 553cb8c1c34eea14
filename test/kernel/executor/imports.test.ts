import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openNotebook, result, temporaryFolder, traceback } from "../support.ts";

/** A folder with files by path. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

test("imports: ESM, CommonJS, JSON and packages from the notebook's folder, static and dynamic", async () => {
  const cwd = folderOf({
    "esm.mjs": "export default 'd'; export const named = 'n';",
    "cjs.cjs": "module.exports = { answer: 42, get hidden() { return 'h'; } };",
    "data.json": '{ "rows": [1, 2] }',
    "node_modules/esm-only/package.json": '{ "name": "esm-only", "type": "module", "exports": "./i.js" }',
    "node_modules/esm-only/i.js": "export const from = 'package';",
  });
  await using notebook = await openNotebook({ cwd });
  const record = await notebook.run(`
    import d, { named } from "./esm.mjs";
    import cjs, { answer } from "./cjs.cjs";
    import data from "./data.json";
    import typed from "./data.json" with { type: "json" };
    import { from } from "esm-only";
    const dynamic = await import("./esm.mjs");
    const json = await import("./data.json");
    [d, named, cjs.answer, answer, data.rows.length, typed.rows[1], from, dynamic.named, json.default.rows[0], require("./cjs.cjs").answer].join()`);
  expect(record.outcome.error).toBeUndefined();
  expect(result(record)).toBe("'d,n,42,42,2,2,package,n,1,42'");
});

test("imports: local TypeScript is read again when it, or what it imports, has changed", async () => {
  const cwd = folderOf({
    "lib/a.ts": "import { b } from './b';\nexport enum Kind { A = 'kind' }\nexport const a = (): string => 'a' + b;",
    "lib/b.ts": "export const b: number = 1;",
    "plain.js": "export const p = 1;",
    "package.json": '{ "type": "module" }',
  });
  await using notebook = await openNotebook({ cwd });
  const cell =
    "import { a, Kind } from './lib/a.ts'; import { p } from './plain.js'; const again = () => a(); [a(), Kind.A, p].join()";
  expect(result(await notebook.run(cell))).toBe("'a1,kind,1'");
  writeFileSync(join(cwd, "lib/b.ts"), "export const b: number = 2;");
  expect(result(await notebook.run(cell))).toBe("'a2,kind,1'");
  const same = "globalThis.loads = (globalThis.loads ?? 0) + 1; export {};";
  writeFileSync(join(cwd, "once.ts"), same);
  await notebook.run("import './once.ts';");
  await notebook.run("await import('./once');");
  expect(result(await notebook.run("loads"))).toBe("1");
  writeFileSync(join(cwd, "lib/b.ts"), "export const b = ;");
  const broken = await notebook.run(cell);
  expect(traceback(broken)).toContain(`${cwd}/lib/b.ts:1:18`);
});

test("imports: this package is found by its name from its own notebooks and from everywhere", async () => {
  const notebooks = fileURLToPath(new URL("../../../notebooks/", import.meta.url));
  mkdirSync(notebooks, { recursive: true });
  for (const cwd of [notebooks, temporaryFolder()]) {
    await using notebook = await openNotebook({ cwd });
    const { outcome, events } = await notebook.run(
      "const { name } = await import('rlvr-lab/package.json', { with: { type: 'json' } }).then((m) => m.default); name",
    );
    expect(outcome.error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ kind: "result", data: { "text/plain": "'rlvr-lab'" } });
  }
});

test("imports: import.meta, __filename and __dirname are the notebook's", async () => {
  const cwd = temporaryFolder();
  await using notebook = await openNotebook({ cwd });
  const record = await notebook.run(
    "[import.meta.dirname === __dirname, __dirname, __filename, import.meta.url.startsWith('file:')].join()",
  );
  expect(result(record)).toBe(`'true,${cwd},${join(cwd, "notebook.ipynb")},true'`);
});
