import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What each part of the house may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/toolkit": [],
  "src/algorithms": ["src/toolkit"],
  "src/analysis": ["src/toolkit"],
  "src/plot": ["src/analysis", "src/algorithms", "src/toolkit"],
  "src/cli": ["src/plot", "src/analysis", "src/algorithms", "src/toolkit", "kernel"],
  "src/index.ts": ["src/toolkit"],
  kernel: [],
};

/** The ground that kernel and toolkit share. */
const SHARED = ["refuse", "files", "entry-point", "figure-page"].map((name) => `src/toolkit/${name}.ts`);

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

function partOf(file: string): string {
  return Object.keys(MAY_IMPORT).find((part) => file === part || file.startsWith(`${part}/`)) ?? "outside";
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) => match[1] ?? "");
  return specifiers.map((specifier) => relative(root, resolve(root, dirname(file), specifier)));
}

test("imports run one way: cli, plot, algorithms and analysis, toolkit; the kernel stands apart", () => {
  const files = [...sources("src"), ...sources("kernel")];
  expect(files.length).toBeGreaterThan(50);
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => {
        const [from, to] = [partOf(file), partOf(target)];
        return from !== to && !MAY_IMPORT[from]?.includes(to) && !SHARED.includes(target);
      })
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("imports: the analyses use no tensors and no files", () => {
  const heavy = /from "(@tensorflow\/|onnxruntime|node:fs|danfojs)/;
  const wrong = sources("src/analysis").filter((file) => heavy.test(readFileSync(join(root, file), "utf8")));
  expect(wrong).toEqual([]);
});
