// Compiles src/ and kernel/ into dist/. One build at a time: a second caller waits for the first and finds it done.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = join(root, "dist.lock");
/** Runs the compiler; returns its exit status. Type errors are printed and fail the build. */
export async function build() {
  for (let waited = 0; !take(); waited++) {
    if (waited === 20) console.error(`waiting for another build (process ${holder()})`);
    await sleep(100);
  }
  try {
    const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
    const result = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], {
      stdio: "inherit",
      cwd: root,
    });
    return result.status ?? 1;
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Takes the lock, also from a process that ended without giving it back. */
function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  const pid = holder();
  if (pid !== undefined && !alive(pid)) rmSync(lock, { force: true });
  return false;
}

/** The process that holds the lock; undefined while it is being written or given back. */
function holder() {
  try {
    return Number(readFileSync(lock, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(await build());
