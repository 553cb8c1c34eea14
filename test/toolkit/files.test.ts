import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkWritable, openLines, writeFileAtomic, writeFolderAtomic } from "../../src/toolkit/files.ts";

const fresh = (): string => mkdtempSync(join(tmpdir(), "files-"));

test("writeFileAtomic: makes folders, replaces content and leaves no temporary file", async () => {
  const path = join(fresh(), "a", "b.txt");
  await writeFileAtomic(path, "one");
  await writeFileAtomic(path, new TextEncoder().encode("two"));
  expect(readFileSync(path, "utf8")).toBe("two");
  expect(readdirSync(join(path, ".."))).toEqual(["b.txt"]);
});

test("writeFileAtomic: follows a link to its file", async () => {
  const folder = fresh();
  writeFileSync(join(folder, "real"), "old");
  symlinkSync(join(folder, "real"), join(folder, "link"));
  await writeFileAtomic(join(folder, "link"), "new");
  expect(readFileSync(join(folder, "real"), "utf8")).toBe("new");
});

test("writeFileAtomic: a folder in the file's place is named, and nothing is left behind", async () => {
  const folder = fresh();
  mkdirSync(join(folder, "taken"));
  await expect(writeFileAtomic(join(folder, "taken"), "x")).rejects.toThrow(/cannot write .*taken: there is a folder/);
  expect(readdirSync(folder)).toEqual(["taken"]);
});

test("writeFileAtomic: a file where a folder should be is named", async () => {
  const folder = fresh();
  writeFileSync(join(folder, "file"), "");
  await expect(writeFileAtomic(join(folder, "file", "x"), "x")).rejects.toThrow(/a part of the path is a file/);
});

test("writeFolderAtomic: replaces the whole folder, or nothing when filling it fails", async () => {
  const path = join(fresh(), "folder");
  await writeFolderAtomic(path, async (at) => writeFileSync(join(at, "one"), "1"));
  await writeFolderAtomic(path, async (at) => writeFileSync(join(at, "two"), "2"));
  expect(readdirSync(path)).toEqual(["two"]);
  const failing = writeFolderAtomic(path, async (at) => {
    writeFileSync(join(at, "three"), "3");
    throw new Error("half-way");
  });
  await expect(failing).rejects.toThrow("half-way");
  expect(readdirSync(path)).toEqual(["two"]);
  expect(readdirSync(join(path, ".."))).toEqual(["folder"]);
});

test("openLines: appended values stay in order and a second writer goes on where the first stopped", async () => {
  const path = join(fresh(), "deep", "lines.jsonl");
  const first = await openLines(path);
  await Promise.all([first.append({ a: 1 }), first.append([2])]);
  await first.close();
  const second = await openLines(path);
  await second.append("3");
  await second.close();
  expect(existsSync(path) && readFileSync(path, "utf8")).toBe('{"a":1}\n[2]\n"3"\n');
});

test("checkWritable: what can be written passes and leaves nothing, what cannot is named", async () => {
  const folder = fresh();
  await checkWritable(join(folder, "a", "b.txt"));
  expect(readdirSync(join(folder, "a"))).toEqual([]);
  await expect(checkWritable(join(folder, "a"))).rejects.toThrow("there is a folder of that name");
  writeFileSync(join(folder, "file"), "");
  await expect(checkWritable(join(folder, "file", "x"))).rejects.toThrow("a part of the path is a file");
});
