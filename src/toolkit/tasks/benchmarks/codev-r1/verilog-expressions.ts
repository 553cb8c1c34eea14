/** Reads tokens and expressions of the subset. */
import { refuse } from "../../../refuse.ts";
import { BINARY, type Bits, bits, UNARY } from "./bits.ts";
import { fold, literal, WIDEST } from "./verilog-literals.ts";
import type { Expression, Signal } from "./verilog-syntax.ts";

const WHERE = "verilogCircuit";
const TOKEN =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(\d*\s*'[bodhBODH]\s*[0-9a-fA-FxXzZ?_]+|[A-Za-z_][\w$]*|\d[\d_]*|===|!==|==|!=|<=|>=|<<<|>>>|<<|>>|&&|\|\||~&|~\||~\^|\^~|\S)/gy;

/** What a wider language has and this one does not. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  ..."initial for while repeat forever function task generate genvar inout casez casex integer real signed".split(" "),
  ..."wait fork tri force release assert specify primitive defparam logic always_ff always_comb time event".split(" "),
  ..."<<< >>> # @@ $".split(" "),
]);

interface Token {
  readonly text: string;
  readonly line: number;
}

/** Nested expressions and statements deeper than this are refused before the stack ends. */
const DEEPEST = 200;

/** A place in the source, and what was declared before it. */
export class ExpressionParser {
  protected readonly signals: Map<string, Signal> = new Map();
  protected readonly constants: Map<string, Bits> = new Map();
  protected at = 0;
  readonly #tokens: readonly Token[];
  #depth = 0;

  constructor(source: string) {
    const tokens: Token[] = [];
    let line = 1;
    for (const [text, token] of source.matchAll(TOKEN)) {
      if (token !== undefined) tokens.push({ text: token, line });
      line += text.split("\n").length - 1;
    }
    this.#tokens = tokens;
  }

  protected text(): string {
    return this.#tokens[this.at]?.text ?? "";
  }

  protected fail(problem: string, remedy: string): never {
    const line = (this.#tokens[this.at] ?? this.#tokens.at(-1))?.line ?? 1;
    return refuse(WHERE, `line ${line}: ${problem}`, remedy);
  }

  protected accept(text: string): boolean {
    if (this.text() !== text) return false;
    this.at++;
    return true;
  }

  protected expect(text: string): void {
    if (this.accept(text)) return;
    this.unexpected(`"${text}"`);
  }

  protected unexpected(wanted: string): never {
    const found = this.text();
    if (UNSUPPORTED.has(found))
      this.fail(`"${found}" is not supported`, "keep to the subset of Verilog that runs here");
    return this.fail(`there is ${found === "" ? "an end" : `"${found}"`} where ${wanted} should be`, "mend the source");
  }

  protected identifier(): string {
    const text = this.text();
    if (!/^[A-Za-z_][\w$]*$/.test(text) || UNSUPPORTED.has(text)) this.unexpected("a name");
    this.at++;
    return text;
  }

  protected nested<T>(read: () => T): T {
    if (++this.#depth > DEEPEST) this.fail("it is nested too deeply", `stay within ${DEEPEST} levels`);
    const result = read();
    this.#depth--;
    return result;
  }

  /** Value of an expression of literals and parameters. */
  protected fixed(expression: Expression): number {
    const value = fold(expression);
    return value ?? this.fail("a width, a bit range or a parameter is not constant", "write literals and parameters");
  }

  protected declared(name: string): Signal {
    return this.signals.get(name) ?? this.fail(`"${name}" is not declared`, "declare it before it is used");
  }

  protected expression(): Expression {
    return this.nested(() => {
      const condition = this.#operation(1);
      if (!this.accept("?")) return condition;
      const a = this.expression();
      this.expect(":");
      return { kind: "choice", condition, a, b: this.expression() };
    });
  }

  #operation(level: number): Expression {
    let a = this.#unary();
    for (;;) {
      const operator = this.text();
      const binary = BINARY.get(operator);
      if (binary === undefined || binary.level < level) return a;
      this.at++;
      a = { kind: "binary", operator, a, b: this.#operation(binary.level + 1) };
    }
  }

  #unary(): Expression {
    const operator = this.text();
    if (!UNARY.has(operator)) return this.primary();
    this.at++;
    return this.nested(() => ({ kind: "unary", operator, a: this.#unary() }));
  }

  protected primary(): Expression {
    if (this.accept("(")) {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (this.accept("{")) return this.#braces();
    const text = this.text();
    if (/^[\d']/.test(text)) {
      this.at++;
      const word = literal(text) ?? this.fail(`${text} is no number of 1 to ${WIDEST} bits`, "mend the literal");
      return { kind: "literal", bits: word };
    }
    const name = this.identifier();
    const constant = this.constants.get(name);
    if (constant !== undefined) return { kind: "literal", bits: constant };
    const signal = this.declared(name);
    return this.accept("[") ? this.#select(signal) : { kind: "name", name };
  }

  #select({ name, lowest }: Signal): Expression {
    const first = this.expression();
    if (this.accept("]")) {
      if (lowest === 0) return { kind: "bit", name, at: first };
      const base: Expression = { kind: "literal", bits: bits(32, lowest) };
      return { kind: "bit", name, at: { kind: "binary", operator: "-", a: first, b: base } };
    }
    if (this.text() !== ":") this.unexpected('"]" or ":"');
    this.at++;
    const [high, low] = [this.fixed(first) - lowest, this.fixed(this.expression()) - lowest];
    this.expect("]");
    if (!(high >= low && high - low < WIDEST)) this.fail(`the part is [${high}:${low}]`, "write the higher bit first");
    return { kind: "part", name, high, low };
  }

  /** `{a, b}`, or `{n{a, b}}`. */
  #braces(): Expression {
    const first = this.expression();
    if (this.accept("{")) {
      const times = this.fixed(first);
      if (!(times >= 1 && times <= WIDEST)) this.fail(`it is repeated ${times} times`, `write 1 to ${WIDEST}`);
      const inner = this.#braces();
      this.expect("}");
      return { kind: "join", parts: Array.from({ length: times }, () => inner) };
    }
    const parts = [first];
    while (this.accept(",")) parts.push(this.expression());
    this.expect("}");
    return { kind: "join", parts };
  }
}
