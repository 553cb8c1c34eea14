// Writes docs/methods.md: one row per module of src/algorithms/, read from the comment at its head.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(root, "docs/methods.md");

/** The page's text, made from the headers as they stand. */
export function methodsPage() {
  const folder = join(root, "src/algorithms");
  const rows = readdirSync(folder)
    .filter((file) => file.endsWith(".ts") && file !== "index.ts")
    .sort()
    .map((file) => row(file, readFileSync(join(folder, file), "utf8")));
  return [
    "# Methods",
    "",
    "One module per published method, in `src/algorithms/`. This page is made by `node scripts/methods.mjs`.",
    "",
    "| method | idea | source | seam |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function row(file, source) {
  const header = /^\/\*\*\n([\s\S]*?)\*\//.exec(source)?.[1];
  if (!header) throw new Error(`${file}: no comment at its head; say the idea, the source and the seam there`);
  const text = header.replace(/^ \* ?/gm, "").trim();
  const [idea, ...rest] = text.split("\n\n")[0].split("\n");
  const seam = /^Seams?: (.+?)\.?(?:\s|$)(?:[\s\S]*)/m
    .exec(text)?.[0]
    .split("\n")[0]
    .replace(/^Seams?: /, "");
  if (!seam) throw new Error(`${file}: its header has no line "Seam: ..."`);
  const cell = (value) => value.replaceAll("|", "\\|").trim();
  return `| [${file.replace(/\.ts$/, "")}](../src/algorithms/${file}) | ${cell(idea)} | ${cell(rest.join(" "))} | ${cell(seam)} |`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, methodsPage());
