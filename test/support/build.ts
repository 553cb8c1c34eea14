import { build } from "../../scripts/build.mjs";

/** Workers and child processes run built code, so every test run starts from a fresh build. */
export default async function setup(): Promise<void> {
  if ((await build()) !== 0) throw new Error("the build failed; see the compiler's messages above");
}
