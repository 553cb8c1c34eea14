import { mkdtempSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { fileFingerprint, partialResults } from "../../src/toolkit/partial-results.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "rlvr-parts-"));

test("partialResults: a part comes back as it was, under its key alone, also in another process's hands", async () => {
  const place = folder();
  const result = { values: Float64Array.of(1, Number.NaN, -0), name: "m", missing: undefined, list: [1, [2]] };
  await partialResults(place).keep({ tensor: "m", options: [1] }, result);
  const later = partialResults(place);
  expect(await later.find({ tensor: "m", options: [1] })).toEqual(result);
  expect(await later.find({ tensor: "m", options: [2] })).toBeUndefined();
});

test("partialResults: clear takes away its own parts and no others", async () => {
  const place = folder();
  await partialResults(place).keep("of another analysis", 1);
  const parts = partialResults(place);
  await parts.keep("a", 2);
  await parts.clear();
  expect(readdirSync(place)).toHaveLength(1);
  expect(await partialResults(place).find("of another analysis")).toBe(1);
});

for (const [what, spoil] of Object.entries({
  "cut off": (file: string) => truncateSync(file, 40),
  empty: (file: string) => truncateSync(file, 0),
  "with one bit changed": (file: string) => {
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(file, bytes);
  },
})) {
  test(`partialResults: a part ${what} is taken away with a warning that names it`, async () => {
    const place = folder();
    await partialResults(place).keep("a", "x".repeat(100));
    const [name = ""] = readdirSync(place);
    spoil(join(place, name));
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    try {
      expect(await partialResults(place).find("a")).toBeUndefined();
      expect(warning).toHaveBeenCalledExactlyOnceWith(
        `${join(place, name)} is not whole and is done again`,
        "PartialResults",
      );
    } finally {
      warning.mockRestore();
    }
    expect(readdirSync(place)).toEqual([]);
  });
}

test("fileFingerprint: follows the bytes of its range, the size and the time", async () => {
  const file = join(folder(), "f");
  const write = (text: string, time = 1): void => {
    writeFileSync(file, text);
    utimesSync(file, time, time);
  };
  const of = (): Promise<string> => fileFingerprint(file, { offset: 2, bytes: 3 });
  write("abcdefgh");
  const first = await of();
  expect(await of()).toBe(first);
  write("abcXefgh");
  expect(await of()).not.toBe(first);
  write("Xbcdefgh");
  expect(await of()).toBe(first); // outside of the range
  write("abcdefgh", 2);
  expect(await of()).not.toBe(first);
});
