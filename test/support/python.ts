/** A Python for comparisons, where there is one: `RLVR_PYTHON`, or `python3`. */
import { spawnSync } from "node:child_process";

const python = process.env.RLVR_PYTHON ?? "python3";

/** Whether that Python can import the modules. */
export function pythonHas(...modules: readonly string[]): boolean {
  return spawnSync(python, ["-c", `import ${modules.join(", ")}`], { stdio: "ignore" }).status === 0;
}

/** Runs a program that prints JSON and gives what it printed. */
export function runPython(program: string, input: unknown): unknown {
  const result = spawnSync(python, ["-c", program], { input: JSON.stringify(input), encoding: "utf8" });
  if (result.status !== 0) throw new Error(`python failed: ${result.stderr}`);
  return JSON.parse(result.stdout);
}
