import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../../dist/examples/first-light.js", import.meta.url));

test("example: the plain script trains, writes its figures, and ends with 1 when its claim fails", {
  timeout: 300_000,
}, () => {
  const cwd = mkdtempSync(join(tmpdir(), "rlvr-example-"));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "1", "1"], { cwd, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^check pass@1\.gain -?[0-9.e-]+ 0\.3\.\.1 FAIL$/m); // one step is not enough
  expect(status).toBe(1);
  const figures = [...stdout.matchAll(/^figure (.+)$/gm)].map((match) => join(cwd, match[1] ?? ""));
  expect(figures).toHaveLength(3);
  for (const path of figures) {
    expect(existsSync(path), path).toBe(true);
    const page = readFileSync(path, "utf8");
    const figures = [
      ...page.matchAll(/<div class="plot"[^>]*><\/div><script type="application\/json">(.*?)<\/script>/g),
    ];
    expect(figures, path).toHaveLength(1);
    expect(JSON.parse(figures[0]?.[1] ?? "").data.length, path).toBeGreaterThan(0);
    expect(page.includes("Plotly.react("), path).toBe(true); // what draws it
  }
  rmSync(cwd, { recursive: true, force: true });
});
