/** Reads the subset of Verilog that `verilogCircuit` runs. */
import { bits } from "./bits.ts";
import { ExpressionParser } from "./verilog-expressions.ts";
import { WIDEST } from "./verilog-literals.ts";
import type { CaseItem, Edge, Expression, Module, Process, Signal, Statement } from "./verilog-syntax.ts";

/** The first module of a source. @throws UsageError for what is outside the subset, with the line */
export function parseVerilog(source: string): Module {
  return new Parser(source).module();
}

class Parser extends ExpressionParser {
  readonly #processes: Process[] = [];

  module(): Module {
    while (this.text() !== "module") {
      if (this.text() === "") this.fail('there is no "module"', "pass the source of one module");
      this.at++;
    }
    this.at++;
    const name = this.identifier();
    if (this.accept("#")) this.#parameterList();
    if (this.accept("(")) this.#portList();
    this.expect(";");
    while (!this.accept("endmodule")) this.#item();
    return { name, signals: this.signals, processes: this.#processes };
  }

  #parameterList(): void {
    this.expect("(");
    do {
      this.accept("parameter");
      this.#range();
      this.#constant();
    } while (this.accept(","));
    this.expect(")");
  }

  #constant(): void {
    const name = this.identifier();
    this.expect("=");
    const value = this.fixed(this.expression());
    this.constants.set(name, bits(32, value));
  }

  #range(): { readonly width: number; readonly lowest: number } {
    if (!this.accept("[")) return { width: 1, lowest: 0 };
    const high = this.fixed(this.expression());
    this.expect(":");
    const low = this.fixed(this.expression());
    this.expect("]");
    if (!(high >= low && low >= 0)) this.fail(`the range is [${high}:${low}]`, "write the higher bit first");
    const width = high - low + 1;
    if (width > WIDEST) this.fail(`the range has ${width} bits`, `stay within ${WIDEST}`);
    return { width, lowest: low };
  }

  /** Ports with their directions, or names alone, whose directions follow in the body. */
  #portList(): void {
    if (this.accept(")")) return;
    let direction: Signal["direction"];
    let range = { width: 1, lowest: 0 };
    do {
      const word = this.text();
      if (word === "input" || word === "output") {
        this.at++;
        direction = word;
        this.#kindWord();
        range = this.#range();
      }
      const name = this.identifier();
      if (direction !== undefined) this.#declare({ name, ...range, direction });
    } while (this.accept(","));
    this.expect(")");
  }

  #kindWord(): void {
    if (!this.accept("wire")) this.accept("reg");
  }

  #declare(signal: Signal): void {
    const known = this.signals.get(signal.name);
    if (known !== undefined && (known.direction === undefined || signal.direction !== undefined)) {
      this.fail(`"${signal.name}" is declared twice`, "declare it once");
    }
    if (known !== undefined && known.width !== signal.width) {
      this.fail(`"${signal.name}" has ${known.width} bits and ${signal.width}`, "write one range");
    } // else `output q; reg q;` says the kind of the same signal
    if (known === undefined) this.signals.set(signal.name, signal);
  }

  #item(): void {
    const word = this.text();
    if (word === "input" || word === "output" || word === "wire" || word === "reg") {
      this.#declaration(word);
    } else if (this.accept("parameter") || this.accept("localparam")) {
      this.#range();
      do this.#constant();
      while (this.accept(","));
      this.expect(";");
    } else if (this.accept("assign")) {
      do this.#processes.push({ continuous: true, edges: [], body: this.#assignment("=") });
      while (this.accept(","));
      this.expect(";");
    } else if (this.accept("always")) {
      this.#processes.push({ continuous: false, edges: this.#sensitivity(), body: this.#statement() });
    } else this.unexpected("a declaration, assign or always");
  }

  #declaration(word: "input" | "output" | "wire" | "reg"): void {
    this.at++;
    this.#kindWord();
    const range = this.#range();
    const direction = word === "input" || word === "output" ? word : undefined;
    do {
      const name = this.identifier();
      this.#declare({ name, ...range, direction });
      if (this.text() === "[") this.fail(`"${name}" is a memory`, "use registers of their own");
      if (!this.accept("=")) continue;
      if (word !== "wire") this.fail(`"${name}" has an initial value`, "reset it");
      const value = this.expression();
      const target = { kind: "name", name } as const;
      this.#processes.push({ continuous: true, edges: [], body: { kind: "assign", target, value, blocking: true } });
    } while (this.accept(","));
    this.expect(";");
  }

  #sensitivity(): Edge[] {
    this.expect("@");
    if (this.accept("*")) return [];
    this.expect("(");
    if (this.accept("*")) {
      this.expect(")");
      return [];
    }
    const edges: Edge[] = [];
    let levels = 0;
    do {
      const word = this.text();
      if (word === "posedge" || word === "negedge") {
        this.at++;
        edges.push({ edge: word, signal: this.declared(this.identifier()).name });
      } else {
        this.declared(this.identifier());
        levels++;
      }
    } while (this.accept("or") || this.accept(","));
    this.expect(")");
    if (edges.length > 0 && levels > 0) this.fail("edges and levels are mixed in one list", "write edges, or @*");
    return edges;
  }

  #statement(): Statement {
    return this.nested(() => {
      if (this.accept("begin")) {
        if (this.accept(":")) this.identifier();
        const body: Statement[] = [];
        while (!this.accept("end")) body.push(this.#statement());
        return { kind: "block", body };
      }
      if (this.accept(";")) return { kind: "block", body: [] };
      if (this.accept("if")) return this.#condition();
      if (this.accept("case")) return this.#case();
      const assignment = this.#assignment();
      this.expect(";");
      return assignment;
    });
  }

  #condition(): Statement {
    this.expect("(");
    const condition = this.expression();
    this.expect(")");
    const yes = this.#statement();
    return { kind: "if", condition, yes, no: this.accept("else") ? this.#statement() : undefined };
  }

  #case(): Statement {
    this.expect("(");
    const subject = this.expression();
    this.expect(")");
    const items: CaseItem[] = [];
    while (!this.accept("endcase")) {
      const labels: Expression[] = [];
      if (this.accept("default")) this.accept(":");
      else {
        do labels.push(this.expression());
        while (this.accept(","));
        this.expect(":");
      }
      items.push({ labels, body: this.#statement() });
    }
    return { kind: "case", subject, items };
  }

  #assignment(only?: "="): Statement {
    const target = this.#target();
    const operator = this.text();
    if (operator !== "=" && (operator !== "<=" || only !== undefined)) this.unexpected('"="');
    this.at++;
    return { kind: "assign", target, value: this.expression(), blocking: operator === "=" };
  }

  #target(): Expression {
    const target = this.primary();
    const leaves = target.kind === "join" ? target.parts : [target];
    for (const leaf of leaves) {
      if (leaf.kind !== "name" && leaf.kind !== "bit" && leaf.kind !== "part") {
        this.fail("this cannot be assigned to", "write a name, a bit, a part, or several in braces");
      }
      const { direction } = this.declared(leaf.name);
      if (direction === "input") this.fail(`the input "${leaf.name}" is assigned to`, "assign to outputs");
    }
    return target;
  }
}
