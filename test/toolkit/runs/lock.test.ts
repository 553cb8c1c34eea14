import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isLocked, LOCK, takeLock } from "../../../src/toolkit/runs/lock.ts";

const fresh = (): string => join(mkdtempSync(join(tmpdir(), "lock-")), "run");
const write = (folder: string, holder: object): void => writeFileSync(join(folder, LOCK), JSON.stringify(holder));

test("lock: is there while it is held, and gone after, with nothing beside it", async () => {
  const folder = fresh();
  const lock = await takeLock(folder);
  expect(await isLocked(folder)).toBe(true);
  expect(JSON.parse(readFileSync(join(folder, LOCK), "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
  await expect(takeLock(folder)).rejects.toThrow("this process is already writing into it; wait for that run's end");
  await lock.release();
  expect([await isLocked(folder), readdirSync(folder)]).toEqual([false, []]);
});

test("lock: of many that want it at once, one gets it", async () => {
  const folder = fresh();
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(folder)));
  expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("lock: another live process is named; when it was killed its lock is taken over", async () => {
  const folder = fresh();
  const own = await takeLock(folder);
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  write(folder, { pid: child.pid, host: hostname(), process: null, id: "other" });
  await expect(takeLock(folder)).rejects.toThrow(`process ${child.pid} on ${hostname()} is writing into it`);
  await own.release(); // which is not its own any more
  expect(existsSync(join(folder, LOCK))).toBe(true);
  const ended = new Promise((resolve) => child.on("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  await (await takeLock(folder)).release();
});

test("lock: many that find a dead process' lock: one takes it over", async () => {
  const folder = fresh();
  await (await takeLock(folder)).release();
  write(folder, { pid: 2 ** 22 + 1, host: hostname(), process: null, id: "dead" }); // above the largest number there is
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(folder)));
  expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test.runIf(process.platform === "linux")("lock: a later process of the same number is not its holder", async () => {
  const folder = fresh();
  await (await takeLock(folder)).release();
  write(folder, { pid: process.pid, host: hostname(), process: "an earlier boot/1", id: "before" });
  await (await takeLock(folder)).release();
});

test("lock: of another machine nobody can tell, so it is refused with what to do", async () => {
  const folder = fresh();
  await (await takeLock(folder)).release();
  write(folder, { pid: 1, host: "elsewhere", process: null, id: "x" });
  await expect(takeLock(folder)).rejects.toThrow(/process 1 on elsewhere .* if it is gone for certain, remove .*lock/);
  writeFileSync(join(folder, LOCK), "");
  await expect(takeLock(folder)).rejects.toThrow("an unknown process is writing into it");
});
