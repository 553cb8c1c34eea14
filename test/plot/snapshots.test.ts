import { join } from "node:path";
import { expect, test } from "vitest";
import { gallery } from "./samples.ts";

/** Numbers at four digits, so that another Node's last digit is no difference; a trace or layout entry a line. */
function written(value: object): string {
  const short = JSON.stringify(value, (key, item: unknown) => {
    if (key === "template" || key === "dark" || key === "config") return undefined; // the same everywhere; theme.test.ts
    return typeof item === "number" ? Number(item.toPrecision(4)) : item;
  });
  const { data, layout } = JSON.parse(short);
  return `${[...data, layout].map((part) => JSON.stringify(part)).join("\n")}\n`;
}

for (const [name, made] of Object.entries(gallery())) {
  // After a wanted change: look at out/gallery.html, then `npx vitest run test/plot/snapshots.test.ts -u`.
  test(`${name} figure: is what its snapshot says`, async () => {
    await expect(written(made.toJSON())).toMatchFileSnapshot(
      join(import.meta.dirname, "snapshots", `${name.replaceAll(" ", "-")}.jsonl`),
    );
  });
}
