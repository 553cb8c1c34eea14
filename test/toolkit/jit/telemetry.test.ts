import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const entry = fileURLToPath(new URL("../../../dist/src/index.js", import.meta.url));

test("engine: onnxruntime's telemetry is off, so nothing is left in the temporary folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "rlvr-telemetry-"));
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const source = `
    const { Engine } = await import(${JSON.stringify(entry)});
    await Engine.shared().memory();
    console.log(process.env.ORT_DISABLE_TELEMETRY);`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", source], {
    env: { ...env, TMPDIR: folder, HOME: folder, XDG_CACHE_HOME: folder },
    encoding: "utf8",
  });
  expect(child).toMatchObject({ status: 0, stdout: "1\n", stderr: "" });
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
