/** A block of lines that stays at the bottom of a terminal and is drawn again in place; all else goes above it. */

/** What is needed of a stream; `process.stdout` fits. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Replaces the block. */
  draw(lines: readonly string[]): void;
  /** Writes whole lines above the block. */
  print(text: string): void;
  /** Takes the block away. */
  clear(): void;
}

export function createScreen(
  write: (text: string) => unknown,
  size: () => readonly [columns: number | undefined, rows: number | undefined],
): Screen {
  let block: readonly string[] = [];
  const clearing = (): string => (block.length === 0 ? "" : `\x1b[${block.length}A\r\x1b[J`);
  return {
    get columns() {
      return Math.max(40, size()[0] ?? 80);
    },
    get rows() {
      return Math.max(10, size()[1] ?? 24);
    },
    draw(lines) {
      write(`${clearing()}${lines.map((line) => `${line}\n`).join("")}`);
      block = lines;
    },
    print(text) {
      write(`${clearing()}${text}${text.endsWith("\n") ? "" : "\n"}${block.map((line) => `${line}\n`).join("")}`);
    },
    clear() {
      write(clearing());
      block = [];
    },
  };
}
