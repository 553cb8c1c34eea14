// Measures how often 95 % intervals hold the truth and writes the tables of docs/statistics.md. About a minute.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { allowTypeScript } from "./typescript.mjs";

const page = join(dirname(dirname(fileURLToPath(import.meta.url))), "docs/statistics.md");
allowTypeScript();
const { clusteredCoverage, clusteredIntervals, designs, exactCoverage, independentIntervals } = await import(
  "../test/analysis/statistics/coverage.ts"
);
const percent = (share) => (100 * share).toFixed(1);
const table = (head, rows) =>
  [head, head.map((_, i) => (i === 0 ? "---" : "--:")), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const independent = [30, 240].flatMap((n) =>
  [0.5, 0.1, 0.01, 0.99].map((p) => [
    `${n} trials at ${p}`,
    ...Object.values(independentIntervals).map((interval) => percent(exactCoverage(interval, n, p))),
  ]),
);
const clustered = designs.map((design) => {
  const coverage = clusteredCoverage(design, { trials: 4000, resamples: 1000, seed: 0 });
  return [design.name, ...clusteredIntervals.map((name) => percent(coverage[name] ?? Number.NaN))];
});
const tables = {
  independent: table(["", ...Object.keys(independentIntervals)], independent),
  clustered: table(["", ...clusteredIntervals], clustered),
};
const text = readFileSync(page, "utf8").replace(
  /(<!-- (\w+): made by scripts\/coverage.mjs -->\n)[\s\S]*?(<!-- end -->)/g,
  (_, start, name, end) => `${start}${tables[name]}\n${end}`,
);
writeFileSync(page, text);
