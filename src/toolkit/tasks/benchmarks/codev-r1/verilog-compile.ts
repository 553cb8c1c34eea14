/** Turns expressions and statements into functions. */
import {
  BINARY,
  type Bits,
  bits,
  chosen,
  joined,
  replaced,
  resized,
  same,
  sliced,
  truth,
  UNARY,
  unknownBits,
} from "./bits.ts";
import type { Expression, Module, Statement } from "./verilog-syntax.ts";

/** Signals as they are now, and the processes that have to follow. */
export interface Running {
  readonly words: Bits[];
  readonly stale: Uint8Array;
}

type Read = (words: readonly Bits[]) => Bits;
type Write = (running: Running, value: Bits) => void;
/** Non-blocking assignments that wait for the end of the step. */
export type Later = (() => void)[];
type Run = (running: Running, later: Later) => void;

export class Compiler {
  readonly #slots: ReadonlyMap<string, number>;
  readonly #module: Module;
  /** Level processes to run when a signal changes, by the signal's slot. */
  readonly #followers: readonly number[][];

  constructor(module: Module, slots: ReadonlyMap<string, number>, followers: readonly number[][]) {
    this.#module = module;
    this.#slots = slots;
    this.#followers = followers;
  }

  #slot(name: string): number {
    return this.#slots.get(name) ?? 0;
  }

  #width(expression: Expression): number {
    switch (expression.kind) {
      case "literal":
        return expression.bits.width;
      case "name":
        return this.#module.signals.get(expression.name)?.width ?? 1;
      case "bit":
        return 1;
      case "part":
        return expression.high - expression.low + 1;
      case "unary":
        return UNARY.get(expression.operator)?.rule === "context" ? this.#width(expression.a) : 1;
      case "binary": {
        const rule = BINARY.get(expression.operator)?.rule;
        if (rule === "shift") return this.#width(expression.a);
        return rule === "context" ? Math.max(this.#width(expression.a), this.#width(expression.b)) : 1;
      }
      case "choice":
        return Math.max(this.#width(expression.a), this.#width(expression.b));
      case "join":
        return expression.parts.reduce((sum, part) => sum + this.#width(part), 0);
      default:
        return expression satisfies never;
    }
  }

  /** Reads an expression as a word of a width that is at least its own. */
  #read(expression: Expression, width: number = this.#width(expression)): Read {
    switch (expression.kind) {
      case "literal": {
        const word = resized(expression.bits, width);
        return () => word;
      }
      case "name": {
        const slot = this.#slot(expression.name);
        return (words) => resized(words[slot] ?? unknownBits(width), width);
      }
      case "bit": {
        const [slot, at] = [this.#slot(expression.name), this.#read(expression.at)];
        return (words) => resized(bitAt(words[slot] ?? unknownBits(1), at(words)), width);
      }
      case "part": {
        const [slot, { low }, wide] = [this.#slot(expression.name), expression, this.#width(expression)];
        return (words) => resized(sliced(words[slot] ?? unknownBits(1), low, wide), width);
      }
      case "unary": {
        const { rule, apply } = UNARY.get(expression.operator) ?? unknownOperator(expression.operator);
        const a = this.#read(expression.a, rule === "context" ? width : undefined);
        return (words) => resized(apply(a(words)), width);
      }
      case "binary":
        return this.#binary(expression, width);
      case "choice": {
        const condition = this.#read(expression.condition);
        const [a, b] = [this.#read(expression.a, width), this.#read(expression.b, width)];
        return (words) => chosen(condition(words), a(words), b(words));
      }
      case "join": {
        const parts = expression.parts.map((part) => this.#read(part));
        return (words) => resized(joined(parts.map((part) => part(words))), width);
      }
      default:
        return expression satisfies never;
    }
  }

  #binary({ operator, a, b }: Extract<Expression, { kind: "binary" }>, width: number): Read {
    const { rule, apply } = BINARY.get(operator) ?? unknownOperator(operator);
    const both = Math.max(this.#width(a), this.#width(b));
    const [left, right] = {
      context: [width, width],
      shift: [width, undefined],
      operands: [both, both],
      own: [undefined, undefined],
    }[rule];
    const [readA, readB] = [this.#read(a, left), this.#read(b, right)];
    return (words) => resized(apply(readA(words), readB(words)), width);
  }

  #set(slot: number, running: Running, word: Bits): void {
    const { words, stale } = running;
    if (same(words[slot] ?? word, word)) return;
    words[slot] = word;
    for (const process of this.#followers[slot] ?? []) stale[process] = 1;
  }

  /** Puts a word into what an expression names. A bit whose number is unknown is none. */
  #write(target: Expression): { readonly width: number; readonly to: (words: readonly Bits[]) => Write } {
    const width = this.#width(target);
    switch (target.kind) {
      case "name": {
        const slot = this.#slot(target.name);
        return { width, to: () => (running, word) => this.#set(slot, running, word) };
      }
      case "part":
      case "bit": {
        const slot = this.#slot(target.name);
        const at = target.kind === "bit" ? this.#read(target.at) : () => bits(32, target.low);
        const put =
          (low: number): Write =>
          (running, word) => {
            const whole = running.words[slot] ?? word;
            this.#set(slot, running, low + word.width > whole.width ? whole : replaced(whole, low, word));
          };
        return {
          width,
          to: (words) => {
            const number = at(words);
            return number.unknown === 0n && number.value < 2n ** 31n ? put(Number(number.value)) : () => {};
          },
        };
      }
      case "join": {
        const parts = target.parts.map((part) => this.#write(part)).reverse();
        return {
          width,
          to: (words) => {
            const writes = parts.map((part) => ({ width: part.width, write: part.to(words) }));
            return (running, word) => {
              let low = 0;
              for (const { width: wide, write } of writes) {
                write(running, sliced(word, low, wide));
                low += wide;
              }
            };
          },
        };
      }
      default:
        throw new Error(`internal: a ${target.kind} is no target`);
    }
  }

  statement(statement: Statement): Run {
    switch (statement.kind) {
      case "block": {
        const body = statement.body.map((one) => this.statement(one));
        return (running, later) => {
          for (const run of body) run(running, later);
        };
      }
      case "if": {
        const condition = this.#read(statement.condition);
        const yes = this.statement(statement.yes);
        const no = statement.no === undefined ? () => {} : this.statement(statement.no);
        return (running, later) => (truth(condition(running.words)) === 1 ? yes : no)(running, later);
      }
      case "case":
        return this.#case(statement);
      case "assign": {
        const target = this.#write(statement.target);
        const value = this.#read(statement.value, Math.max(target.width, this.#width(statement.value)));
        const { blocking } = statement;
        return (running, later) => {
          const word = resized(value(running.words), target.width);
          const write = target.to(running.words);
          if (blocking) write(running, word);
          else later.push(() => write(running, word));
        };
      }
      default:
        return statement satisfies never;
    }
  }

  /** The first item with a label that is the subject, bit for bit. */
  #case({ subject, items }: Extract<Statement, { kind: "case" }>): Run {
    const labels = items.flatMap((item) => item.labels);
    const width = Math.max(...[subject, ...labels].map((one) => this.#width(one)));
    const read = this.#read(subject, width);
    const branches = items.map((item) => ({
      labels: item.labels.map((label) => this.#read(label, width)),
      body: this.statement(item.body),
    }));
    const otherwise = branches.find((branch) => branch.labels.length === 0);
    return (running, later) => {
      const word = read(running.words);
      const found = branches.find((branch) => branch.labels.some((label) => same(label(running.words), word)));
      (found ?? otherwise)?.body(running, later);
    };
  }
}

const unknownOperator = (operator: string): never => {
  throw new Error(`internal: there is no operator ${operator}`);
};

function bitAt(word: Bits, at: Bits): Bits {
  if (at.unknown !== 0n || at.value >= BigInt(word.width)) return unknownBits(1);
  return sliced(word, Number(at.value), 1);
}
