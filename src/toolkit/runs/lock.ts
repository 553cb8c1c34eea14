/**
 * One process at a time writes into a run folder: a file `lock` names it. A lock whose process is gone (it was killed,
 * the machine restarted) is taken over; no clock is asked.
 */
import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { codeOf, makeFolders, naming } from "../files.ts";
import { refuse } from "../refuse.ts";

/** Name of the file in the run folder. */
export const LOCK = "lock";

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** What tells this process from a later one of the same number, where the system says: Linux' boot and start time. */
  readonly process: string | null;
  /** Of this very lock. */
  readonly id: string;
}

/** A lock that is held. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a folder, which is made where it is missing.
 *
 * @throws UsageError naming the process that holds it
 */
export async function takeLock(folder: string): Promise<Lock> {
  const path = join(folder, LOCK);
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    process: (await processMark(process.pid)) ?? null,
    id: randomUUID(),
  };
  await naming(folder, () => makeFolders(folder));
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(path, own)) return { release: () => release(path, own) };
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) continue; // released meanwhile
    const holder = holderOf(text);
    if (holder === undefined || (await isAlive(holder))) inUse(path, holder);
    if (!(await removeStale(path, text))) inUse(path, holder);
  }
  return refuse("train", `${path} changes hands all the time`, "let one process alone use the run folder");
}

/** Whether a live process of this machine, or one of another machine that may be alive, holds the folder's lock. */
export async function isLocked(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, LOCK), "utf8").catch(() => undefined);
  const holder = text === undefined ? undefined : holderOf(text);
  return holder !== undefined && (await isAlive(holder));
}

/** False where there is a lock already. A name appears with its content: the file is linked to it when it is whole. */
async function create(path: string, own: Holder): Promise<boolean> {
  const temporary = `${path}.${own.id}`;
  try {
    return await naming(path, async () => {
      const file = await open(temporary, "wx");
      await file.writeFile(JSON.stringify(own));
      await file.close();
      return await linkNew(temporary, path);
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Gives a file a second name; false where that name is taken. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function release(path: string, own: Holder): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => "");
  if (holderOf(text)?.id === own.id) await rm(path, { force: true });
}

/** Moves a stale lock away; false (and the lock back in place) where another process was faster and it is a new one. */
async function removeStale(path: string, stale: string): Promise<boolean> {
  const aside = `${path}.${randomUUID()}`;
  if (
    !(await rename(path, aside).then(
      () => true,
      () => false,
    ))
  )
    return true; // gone already: try to create again
  const moved = await readFile(aside, "utf8");
  if (moved !== stale) await linkNew(aside, path);
  await rm(aside, { force: true });
  return moved === stale;
}

async function isAlive({ pid, host, process: mark }: Holder): Promise<boolean> {
  if (host !== hostname()) return true; // nobody can tell from here
  try {
    process.kill(pid, 0); // sends nothing
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  const now = await processMark(pid);
  return mark === null || now === undefined || now === mark;
}

/** Boot and start time of a process on Linux, "ended" for one that nobody has waited for yet; undefined elsewhere. */
async function processMark(pid: number): Promise<string | undefined> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from field 3; the name before may hold anything
    return /[ZX]/.test(fields[0] ?? "") ? "ended" : `${boot.trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function holderOf(text: string): Holder | undefined {
  try {
    const { pid, host, process: mark, id } = JSON.parse(text);
    if (!Number.isInteger(pid) || typeof host !== "string") return undefined;
    return { pid, host, process: typeof mark === "string" ? mark : null, id: String(id) };
  } catch {
    return undefined;
  }
}

function inUse(path: string, holder: Holder | undefined): never {
  const by = holder === undefined ? "an unknown process" : `process ${holder.pid} on ${holder.host}`;
  const same = holder?.pid === process.pid && holder.host === hostname();
  const who = same ? "this process is already writing into it" : `${by} is writing into it`;
  const remedy = same
    ? "wait for that run's end, or abort it"
    : `wait for its end; if it is gone for certain, remove ${path}`;
  return refuse("train", `the run folder is in use: ${who}`, remedy);
}
