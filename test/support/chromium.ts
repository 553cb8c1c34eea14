/** A headless Chromium, for tests that look at pages as a browser does. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Path of a Chromium on this machine, or undefined. */
const chromium: string | undefined = (process.env.PATH ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** Why browser tests are skipped here, or an empty string when they run. */
export const noChromium: string = chromium ? "" : "no Chromium on the PATH (install the package chromium)";

/** Opens a file and returns the page after its scripts have run, and what the console said. */
export async function openPage(file: string, extra: readonly string[] = []): Promise<{ dom: string; console: string }> {
  if (!chromium) throw new Error(noChromium);
  const profile = await mkdtemp(join(tmpdir(), "rlvr-chromium-"));
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const log = ["--enable-logging=stderr", "--log-level=0", "--virtual-time-budget=10000", "--window-size=900,1400"];
  try {
    const { stdout, stderr } = await promisify(execFile)(
      chromium,
      [...flags, ...quiet, ...log, `--user-data-dir=${profile}`, "--dump-dom", ...extra, `file://${file}`],
      { maxBuffer: 2 ** 28, timeout: 60_000 },
    );
    const console = stderr.split("\n").filter((line) => line.includes(":CONSOLE"));
    return { dom: stdout, console: console.join("\n") };
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
