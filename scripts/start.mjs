// The main job: builds, then runs the first-light notebook headless. Options after `--` go to `rlvr run`.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if ((await build()) !== 0) {
  console.error("the build failed; see the compiler's messages above");
  process.exit(1);
}
const child = spawn(
  process.execPath,
  [
    join(root, "dist/src/cli/rlvr.js"),
    "run",
    "notebooks/first-light.ipynb",
    "-o",
    "out/first-light.ipynb",
    "--html",
    "out/first-light.html",
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: "inherit" },
);
// The terminal sends the interrupt to the whole group; the runner saves and ends, and this process reports its code.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
