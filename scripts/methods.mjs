// Writes docs/methods.md from the modules of src/algorithms/ and the benchmarks of src/toolkit/tasks/benchmarks/: a table from
// the comments at their heads, and for each module its equation, its options' defaults with their sources, and what is
// reconstruction or our own choice.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(root, "docs/methods.md");

/** The page's text, made from the modules as they stand. */
export function methodsPage() {
  const methods = modulesOf("src/algorithms");
  const benchmarks = modulesOf("src/toolkit/tasks/benchmarks");
  return [
    "# Methods",
    "",
    "The modules of `src/algorithms/`: one per published method, with helpers beside it where it is long. This page is made by",
    "`node scripts/methods.mjs`.",
    "",
    "| method | idea | source | seam |",
    "|---|---|---|---|",
    ...methods.map(row),
    "",
    "Benchmarks, the modules of `src/toolkit/tasks/benchmarks/`, imported from `rlvr-lab/benchmarks`:",
    "",
    "| benchmark | idea | source | seam |",
    "|---|---|---|---|",
    ...benchmarks.map(row),
    "",
    ...methods.flatMap(section),
    ...benchmarks.flatMap(section),
  ].join("\n");
}

/** The modules that stand in a folder itself; helpers in folders beside them have no row. */
function modulesOf(folder) {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".ts") && file !== "index.ts")
    .sort()
    .map((file) => readModule(`${folder}/${file}`, readFileSync(join(root, folder, file), "utf8")));
}

/** Names of src/toolkit/ratio.ts that cut a log ratio before its exponential. */
const CUTTING = /\b(limited|tokenRatio|sequenceRatio|ratioAt|klDivergence|LOG_RATIO_LIMIT)\b/;

function readModule(file, source) {
  const header = /^\/\*\*\n([\s\S]*?)\*\//.exec(source)?.[1];
  if (!header) throw new Error(`${file}: no comment at its head; say the idea, the source and the seam there`);
  const text = header.replace(/^ \* ?/gm, "").trim();
  const [idea, cited] = firstSentence(text.split("\n\n")[0]);
  const [seams] = firstSentence(/^Seams?: ([\s\S]*)/m.exec(text)?.[1] ?? "");
  if (seams === "") throw new Error(`${file}: its header has no line "Seam: ..."`);
  const seam = seams.replace(/\.$/, "");
  const equation = text.split("\n").filter((line) => line.startsWith("    "));
  return {
    file,
    name: basename(file, ".ts"),
    idea,
    cited,
    seam,
    equation,
    ...notesOf(text),
    options: optionsOf(source),
    cuts: CUTTING.test(source),
  };
}

/** The first sentence of a paragraph, and the rest, each on one line. */
function firstSentence(paragraph) {
  const line = paragraph
    .replace(/\s+/g, " ")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .trim();
  const end = line.search(/(?<=[\w)"`]{3})\.(?= [A-Z"0-9`(])|\.$/);
  return end < 0 ? [line, ""] : [line.slice(0, end + 1), line.slice(end + 1).trim()];
}

/** Sentences of a header that say what is not the paper's. */
function notesOf(text) {
  const prose = text
    .split("\n")
    .filter((line) => !line.startsWith("    "))
    .join(" ")
    .replace(/\s+/g, " ");
  const sentences = prose.split(/(?<=[.!?]) (?=[A-Z`(])/);
  return {
    notes: sentences.filter((sentence) => /reconstruct|our choice|our construction|our packaging/i.test(sentence)),
  };
}

/** Options with a stated default: `/** ... Default X: source. *\/ readonly name?: type`. */
function optionsOf(source) {
  const found = [];
  const field = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\?: ?([^;{]+|\{[^}]*\});/g;
  for (const [, comment, name] of source.matchAll(field)) {
    const text = comment
      .replace(/^\s*\* ?/gm, " ")
      .replace(/\s+/g, " ")
      .trim();
    const at = text.search(/\bDefaults?\b/);
    if (at < 0 || found.some((option) => option.name === name)) continue;
    found.push({
      name,
      says: text.slice(0, at).trim(),
      standard: text
        .slice(at)
        .replace(/^Defaults?:?\s*/, "")
        .trim(),
    });
  }
  return found;
}

const cell = (value) => value.replaceAll("|", "\\|").trim();

function row({ file, name, idea, cited, seam }) {
  return `| [${name}](../${file}) | ${cell(idea)} | ${cell(cited)} | ${cell(seam)} |`;
}

function section({ name, equation, notes, options, cuts }) {
  if (equation.length === 0 && notes.length === 0 && options.length === 0 && !cuts) return [];
  return [
    `## ${name}`,
    "",
    ...(equation.length > 0 ? ["```", ...equation.map((line) => line.slice(4)), "```", ""] : []),
    ...(options.length > 0
      ? [
          "| option | what it is | default, and where it comes from |",
          "|---|---|---|",
          ...options.map((option) => `| \`${option.name}\` | ${cell(option.says)} | ${cell(option.standard)} |`),
          "",
        ]
      : []),
    ...(cuts
      ? ["Not the paper's: log ratios are cut to [-20, 20] before the exponential, without gradient beyond.", ""]
      : []),
    ...(notes.length > 0 ? [`Not the paper's: ${notes.join(" ")}`, ""] : []),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, methodsPage());
