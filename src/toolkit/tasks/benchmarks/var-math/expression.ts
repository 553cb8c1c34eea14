/** Arithmetic of templates: Python's operators and the functions that the published templates call. Nothing else is run. */
import { refuse } from "../../../refuse.ts";

type Value = number | readonly Value[];
type Scope = ReadonlyMap<string, Value>;

/** Longest expression that is read, and deepest nesting. */
const LONGEST = 2000;
const DEEPEST = 60;
/** Entries of a list at most. */
const LARGEST_LIST = 10_000;

/**
 * Value of an expression: + - * / // % ** with Python's precedence, comparisons (1 or 0), brackets, lists with an index,
 * `[e for v in range(a, b)]`, and abs, min, max, sum, len, gcd, lcm, comb, factorial, floor, ceil, int, float, round, sqrt, log, exp,
 * with or without `math.` and `np.` before them.
 *
 * @param vars values of names
 * @throws UsageError for what cannot be read, an unknown name, a division by 0, a result that is not finite or no number
 */
export function evalExpression(src: string, vars: Readonly<Record<string, number>> = {}): number {
  if (typeof src !== "string" || src.length > LONGEST) {
    refuse("evalExpression", "the expression is no text, or too long", `pass at most ${LONGEST} characters`);
  }
  const parser = new Parser(src, tokensOf(src));
  const value = parser.evaluateAll(new Map(Object.entries(vars)));
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return refuse(
    "evalExpression",
    `${JSON.stringify(src)} is ${String(value)}`,
    "pass an expression of a finite number",
  );
}

const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*(?:\.\w+)?)|(\*\*|\/\/|==|!=|<=|>=|[-+*/%()[\],<>]))/y;

function tokensOf(src: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (src.slice(at).trim() !== "") {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(src);
    if (found === null)
      refuse("evalExpression", `${JSON.stringify(src)} cannot be read from ${at} on`, "use arithmetic");
    tokens.push(found[0].trim());
    at = TOKEN.lastIndex;
  }
  return tokens;
}

const FUNCTIONS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  abs: ([x = Number.NaN]) => Math.abs(x),
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  sum: (values) => values.reduce((a, b) => a + b, 0),
  len: (values) => values.length,
  gcd: (values) => values.reduce((a, b) => gcd(a, b), 0),
  lcm: (values) => values.reduce((a, b) => (a === 0 || b === 0 ? 0 : Math.abs(a * b) / gcd(a, b)), 1),
  comb: ([n = Number.NaN, k = Number.NaN]) => choose(n, k),
  factorial: ([n = Number.NaN]) => factorial(n),
  floor: ([x = Number.NaN]) => Math.floor(x),
  ceil: ([x = Number.NaN]) => Math.ceil(x),
  int: ([x = Number.NaN]) => Math.trunc(x),
  float: ([x = Number.NaN]) => x,
  round: ([x = Number.NaN, digits = 0]) => roundHalfEven(x, digits),
  sqrt: ([x = Number.NaN]) => Math.sqrt(x),
  log: ([x = Number.NaN, base]) => (base === undefined ? Math.log(x) : Math.log(x) / Math.log(base)),
  log2: ([x = Number.NaN]) => Math.log2(x),
  log10: ([x = Number.NaN]) => Math.log10(x),
  exp: ([x = Number.NaN]) => Math.exp(x),
};

/** Functions of one number or of exactly so many; others take a list as well. */
const OF_LISTS: ReadonlySet<string> = new Set(["min", "max", "sum", "len"]);
const ARGUMENTS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  min: [1, Infinity],
  max: [1, Infinity],
  sum: [0, Infinity],
  len: [0, Infinity],
  gcd: [1, Infinity],
  lcm: [1, Infinity],
  comb: [2, 2],
  round: [1, 2],
  log: [1, 2],
};

function gcd(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : gcd(b, a % b);
}

function choose(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= Math.min(k, 1000); i++) product = (product * (n - k + i)) / i;
  return Math.round(product);
}

function factorial(n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > 170) return Number.NaN;
  let product = 1;
  for (let i = 2; i <= n; i++) product *= i;
  return product;
}

/** To `digits` decimals, halves to the even neighbour: NumPy's `round`, by a scaled number. */
export function roundHalfEven(x: number, digits: number = 0): number {
  const scale = 10 ** Math.abs(digits);
  const scaled = digits >= 0 ? x * scale : x / scale;
  const low = Math.floor(scaled);
  const rest = scaled - low;
  const whole = rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
  const value = digits >= 0 ? whole / scale : whole * scale;
  return value === 0 ? 0 : value; // no -0
}

type Node = (scope: Scope) => Value;

/** Recursive descent into closures: a comprehension evaluates its element many times. */
class Parser {
  readonly #src: string;
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(src: string, tokens: readonly string[]) {
    this.#src = src;
    this.#tokens = tokens;
  }

  evaluateAll(scope: Scope): Value {
    const node = this.#comparison();
    if (this.#at < this.#tokens.length) this.#fail(`has ${JSON.stringify(this.#peek())} behind its end`);
    return node(scope);
  }

  #fail(problem: string): never {
    return refuse("evalExpression", `${JSON.stringify(this.#src)} ${problem}`, "write it in Python's arithmetic");
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) this.#fail(`lacks ${JSON.stringify(token)}`);
  }

  #comparison(): Node {
    const left = this.#sum();
    const operator = this.#peek();
    const compare = operator === undefined ? undefined : COMPARISONS[operator];
    if (compare === undefined) return left;
    this.#at++;
    const right = this.#sum();
    return (scope) => (compare(this.#number(left, scope), this.#number(right, scope)) ? 1 : 0);
  }

  #sum(): Node {
    let left = this.#product();
    for (;;) {
      const sign = this.#take("+") ? 1 : this.#take("-") ? -1 : 0;
      if (sign === 0) return left;
      const [a, b] = [left, this.#product()];
      left = (scope) => this.#number(a, scope) + sign * this.#number(b, scope);
    }
  }

  #product(): Node {
    let left = this.#unary();
    for (;;) {
      const operator = this.#peek();
      if (operator !== "*" && operator !== "/" && operator !== "//" && operator !== "%") return left;
      this.#at++;
      const [a, b] = [left, this.#unary()];
      left = (scope) => this.#operate(operator, this.#number(a, scope), this.#number(b, scope));
    }
  }

  #operate(operator: "*" | "/" | "//" | "%", a: number, b: number): number {
    if (operator === "*") return a * b;
    if (b === 0) refuse("evalExpression", `${JSON.stringify(this.#src)} divides by 0`, "choose other values");
    if (operator === "/") return a / b;
    return operator === "//" ? Math.floor(a / b) : a - b * Math.floor(a / b);
  }

  #unary(): Node {
    if (++this.#depth > DEEPEST) this.#fail("is nested too deeply");
    const sign = this.#take("-") ? -1 : this.#take("+") ? 1 : 0;
    let node: Node;
    if (sign === 0) node = this.#power();
    else {
      const inner = this.#unary();
      node = (scope) => sign * this.#number(inner, scope);
    }
    this.#depth--;
    return node;
  }

  /** ** binds its left more tightly than a sign, its right less: -2**2 is -4, 2**-1 is 0.5; from the right. */
  #power(): Node {
    const base = this.#indexed();
    if (!this.#take("**")) return base;
    const exponent = this.#unary();
    return (scope) => this.#number(base, scope) ** this.#number(exponent, scope);
  }

  #indexed(): Node {
    let node = this.#primary();
    while (this.#take("[")) {
      const [list, index] = [node, this.#comparison()];
      this.#expect("]");
      node = (scope) => {
        const [values, i] = [list(scope), this.#number(index, scope)];
        const entry = typeof values === "number" ? undefined : values.at(i);
        return entry !== undefined && Number.isInteger(i) ? entry : this.#fail(`has no entry at ${i}`);
      };
    }
    return node;
  }

  #primary(): Node {
    const token = this.#peek();
    if (token === undefined) return this.#fail("ends too early");
    this.#at++;
    if (token === "(") {
      const inner = this.#comparison();
      this.#expect(")");
      return inner;
    }
    if (token === "[") return this.#list();
    if (/^[\d.]/.test(token)) {
      const value = Number(token);
      return () => value;
    }
    if (!/^[A-Za-z_]/.test(token)) return this.#fail(`has ${JSON.stringify(token)} where a value should be`);
    if (this.#take("(")) return this.#call(token.replace(/^(?:math|np|numpy)\./, ""));
    return (scope) => scope.get(token) ?? this.#fail(`has the name ${token}, which is not defined`);
  }

  #list(): Node {
    if (this.#take("]")) return () => [];
    const first = this.#comparison();
    if (this.#take("for")) {
      const name = this.#peek() ?? "";
      this.#at++;
      this.#expect("in");
      const range = this.#comparison();
      this.#expect("]");
      return (scope) => {
        const values = range(scope);
        if (typeof values === "number") return this.#fail("goes over a number, not a list");
        return values.map((value) => first(new Map([...scope, [name, value]])));
      };
    }
    const entries = [first];
    while (this.#take(",")) entries.push(this.#comparison());
    this.#expect("]");
    return (scope) => entries.map((entry) => entry(scope));
  }

  #call(name: string): Node {
    const given: Node[] = [];
    while (!this.#take(")")) {
      if (given.length > 0) this.#expect(",");
      given.push(this.#comparison());
    }
    if (name === "list") return this.#only(given, name);
    if (name === "range") return (scope) => this.#range(given.map((node) => this.#number(node, scope)));
    const apply = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (apply === undefined) return this.#fail(`calls ${name}, which is not known`);
    const [least, most] = ARGUMENTS[name] ?? [1, 1];
    return (scope) => {
      const values = given.map((node) => node(scope));
      const [first] = values;
      const flat = OF_LISTS.has(name) && values.length === 1 && typeof first === "object" ? first : values;
      if (flat.length < least || flat.length > most) return this.#fail(`passes ${flat.length} values to ${name}`);
      return apply(flat.map((value) => (typeof value === "number" ? value : this.#fail("has a list for a number"))));
    };
  }

  #only(given: readonly Node[], name: string): Node {
    const [first] = given;
    return first !== undefined && given.length === 1 ? first : this.#fail(`passes ${given.length} values to ${name}`);
  }

  #range(bounds: readonly number[]): number[] {
    const [first = 0, second, step = 1] = bounds;
    const [from, to] = second === undefined ? [0, first] : [first, second];
    const count = Math.max(0, Math.ceil((to - from) / step));
    if (!(count <= LARGEST_LIST) || bounds.length > 3 || bounds.length === 0)
      return this.#fail("has a range that is too long");
    return Array.from({ length: count }, (_, i) => from + i * step);
  }

  #number(node: Node, scope: Scope): number {
    const value = node(scope);
    return typeof value === "number" ? value : this.#fail("has a list for a number");
  }
}

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};
