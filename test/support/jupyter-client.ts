/** A Jupyter client over ZeroMQ, for tests that drive other people's kernels: one cell at a time, all its messages. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as zmq from "zeromq";

/** tslab sends without waiting and now and then loses its idle message: this long after a reply it is given up. */
const LOST_IDLE_MS = 3000;

export interface Message {
  readonly type: string;
  readonly content: Record<string, unknown>;
}

/** A kernel process with its shell and iopub sockets. */
export class JupyterClient {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #key: string;
  readonly #shell = new zmq.Dealer();
  readonly #iopub = new zmq.Subscriber();
  readonly #session: string = randomUUID();
  #stderr = "";
  #listener: (message: Parsed) => void = () => {};
  #lost: (reason: Error) => void = () => {};

  private constructor(child: ChildProcess, folder: string, key: string) {
    this.#child = child;
    this.#folder = folder;
    this.#key = key;
    child.stderr?.on("data", (data) => (this.#stderr += String(data)));
    child.once("exit", (code) => this.#lost(new Error(`the kernel ended with code ${code}\n${this.#stderr}`)));
  }

  async #pump(socket: zmq.Dealer | zmq.Subscriber): Promise<void> {
    for await (const frames of socket) this.#listener(parse(frames));
  }

  /** Starts `command args... <connection file>` in `cwd`. */
  static async start(command: string, args: readonly string[], cwd: string): Promise<JupyterClient> {
    const folder = await mkdtemp(join(tmpdir(), "rlvr-jupyter-"));
    const file = join(folder, "connection.json");
    const [shell, iopub, stdin, control, hb] = await freePorts(5);
    const key = randomUUID();
    const ports = { shell_port: shell, iopub_port: iopub, stdin_port: stdin, control_port: control, hb_port: hb };
    const connection = { ...ports, ip: "127.0.0.1", transport: "tcp", signature_scheme: "hmac-sha256", key };
    await writeFile(file, JSON.stringify({ ...connection, kernel_name: "test" }));
    const child = spawn(command, [...args, file], { cwd, stdio: ["ignore", "ignore", "pipe"] });
    const client = new JupyterClient(child, folder, key);
    client.#shell.connect(`tcp://127.0.0.1:${shell}`);
    client.#iopub.connect(`tcp://127.0.0.1:${iopub}`);
    client.#iopub.subscribe();
    for (const socket of [client.#shell, client.#iopub]) void client.#pump(socket);
    await client.request("kernel_info_request", {});
    return client;
  }

  /** Sends a request; resolves to every message that answers it, the reply among them. */
  async request(type: string, content: Record<string, unknown>): Promise<Message[]> {
    const id = randomUUID();
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.#session,
      username: "test",
      date: new Date().toISOString(),
      version: "5.3",
    };
    const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
    const hmac = createHmac("sha256", this.#key);
    for (const part of parts) hmac.update(part);
    const messages: Message[] = [];
    const answered = new Promise<void>((resolve, reject) => {
      const done = { reply: false, idle: type !== "execute_request" }; // a subscription may miss the first messages
      this.#lost = reject;
      this.#listener = (message) => {
        if (message.parent !== id) return;
        messages.push({ type: message.type, content: message.content });
        if (message.type.endsWith("_reply")) {
          done.reply = true;
          setTimeout(resolve, LOST_IDLE_MS);
        }
        if (message.type === "status" && message.content.execution_state === "idle") done.idle = true;
        if (done.reply && done.idle) resolve();
      };
    });
    await this.#shell.send(["<IDS|MSG>", hmac.digest("hex"), ...parts]);
    await answered;
    return messages;
  }

  /** Runs a cell. */
  async execute(code: string): Promise<Message[]> {
    const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
    return await this.request("execute_request", { ...content, stop_on_error: true });
  }

  async close(): Promise<void> {
    this.#shell.close();
    this.#iopub.close();
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode === null && this.#child.kill("SIGKILL")) await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

type Parsed = Message & { readonly parent: string | undefined };

function parse(frames: readonly Buffer[]): Parsed {
  const start = frames.findIndex((frame) => frame.toString() === "<IDS|MSG>");
  const [header, parent, , content] = frames.slice(start + 2).map((frame) => JSON.parse(frame.toString()));
  return { type: header.msg_type, content, parent: parent.msg_id };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
