/**
 * The cache of pre-trained policies: a folder per content key, outside any repository. An entry is whole or absent, and
 * is believed only when its weights have the fingerprint that was written with them.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomic, writeFolderAtomic } from "../files.ts";
import { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";

/** `$XDG_CACHE_HOME/rlvr-lab`, or `~/.cache/rlvr-lab`. */
export function defaultCacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "rlvr-lab");
}

/**
 * A key of everything that decides the weights: `content` (JSON) and the code that turns it into weights.
 *
 * @throws UsageError when there is a function in the content: JSON would leave it out, and take two contents for one
 */
export function contentKey(content: unknown): string {
  const text = JSON.stringify(content, (name, value: unknown) => {
    if (typeof value === "function") refuse("pretrain", `${name} is a function`, "pass plain values, or cache: false");
    return value;
  });
  return createHash("sha256").update(codeVersion()).update(text).digest("hex").slice(0, 32);
}

/** Version of the runtime that computes the weights. */
export function runtimeVersion(): string {
  const { version }: { version?: unknown } = createRequire(import.meta.url)("onnxruntime-node/package.json");
  return String(version);
}

const ENTRY = "pretrained.json";

/** The policy kept under a key; undefined where there is none, or (with a warning) where it cannot be believed. */
export async function fromCache(folder: string, key: string): Promise<Policy | undefined> {
  const entry = join(folder, "pretrained", key);
  if ((await stat(entry).catch(() => undefined)) === undefined) return undefined;
  try {
    const { fingerprint } = JSON.parse(await readFile(join(entry, ENTRY), "utf8"));
    const policy = await Policy.load(entry);
    const found = await policy.fingerprint();
    if (found === fingerprint) return policy;
    await policy.dispose();
    throw new Error(`its weights have fingerprint ${found}, not ${fingerprint}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.emitWarning(
      `the cached policy ${entry} is corrupt (${reason}); it is trained again and replaced`,
      "PretrainCache",
    );
    return undefined;
  }
}

/** Keeps a policy under a key, replacing what was there. `content` is written beside it, for people. */
export async function toCache(folder: string, key: string, policy: Policy, content: unknown): Promise<void> {
  const fingerprint = await policy.fingerprint();
  await writeFolderAtomic(join(folder, "pretrained", key), async (temporary) => {
    await policy.save(temporary);
    await writeFileAtomic(join(temporary, ENTRY), `${JSON.stringify({ fingerprint, content }, null, 2)}\n`);
  });
}

/** Code that weights depend on: the engine, the policy, randomness, the loss and the batches; in sources or built. */
const CODE = [
  "../jit/",
  "../policy/",
  ...["../rng", "../objective", "./columns", "./examples", "./pretrain"].flatMap((file) => [
    `${file}.ts`,
    `${file}.js`,
  ]),
];

function codeVersion(): string {
  const hash = createHash("sha256");
  for (const place of CODE) addFiles(hash, fileURLToPath(new URL(place, import.meta.url)));
  return hash.digest("hex");
}

function addFiles(hash: ReturnType<typeof createHash>, path: string): void {
  if (!path.endsWith("/")) {
    const text = contentOf(path);
    if (text !== undefined) hash.update(text);
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) addFiles(hash, join(path, entry.name, "/"));
    else if (/\.(ts|js)$/.test(entry.name) && !entry.name.endsWith(".d.ts"))
      hash.update(readFileSync(join(path, entry.name)));
  }
}

/** The file's content, or undefined where it is the other of the pair (source, built) that exists. */
function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
