// `npm run -s bench -- engine rollout`: builds, then runs the named benches one after the other, from dist/.
// Each prints one JSON line per figure: {"bench","name","value","unit","against","reference","ratio"}.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const names = process.argv.slice(2);

const built = await build();
if (built !== 0) process.exit(built);

// Every module of bench/ is a bench; what they share lies in bench/support/.
const known = readdirSync(join(root, "bench")).flatMap((file) => /^(.*)\.ts$/.exec(file)?.[1] ?? []);
const unknown = names.find((name) => !known.includes(name));
if (names.length === 0 || unknown !== undefined) {
  const problem = unknown === undefined ? "no bench is named" : `there is no bench ${unknown}`;
  console.error(`bench: ${problem}; name some of ${known.join(", ")}.`);
  process.exit(2);
}
for (const name of names) {
  const { status } = spawnSync(process.execPath, [join(root, "dist/bench", `${name}.js`)], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
