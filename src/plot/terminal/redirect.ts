/** What a process writes to one of its streams, taken over line by line. */

type Write = NodeJS.WriteStream["write"];

/** Whole lines that are written to `stream` go to `take` instead. @returns a function that ends it; an unfinished line is taken then */
export function redirectLines(stream: NodeJS.WriteStream, take: (line: string) => void): () => void {
  const decoder = new TextDecoder();
  let pending = "";
  const original = stream.write;
  const write: Write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    const lines = (pending + (typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }))).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) take(line);
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") process.nextTick(callback);
    return true;
  };
  stream.write = write;
  return () => {
    stream.write = original;
    if (pending !== "") take(pending);
    pending = "";
  };
}
