/** Small random designs with mutants, in place of a data set of Verilog. */
import { checkOptions } from "../../../options.ts";
import { type Rng, rng } from "../../../rng.ts";

export interface RandomDesignsOptions {
  readonly count: number;
  readonly seed: number;
  /** Mutants of each. Default 4. */
  readonly mutants?: number;
  /** Operators of an expression. Default 4. */
  readonly operators?: number;
}

/** One change to a design. It may happen to do the same as the original. */
export interface Mutant {
  /** An operator, the value after a reset, or the output for a single input word. */
  readonly kind: "operator" | "reset" | "rare";
  readonly verilog: string;
}

export interface RandomDesign {
  readonly id: string;
  readonly kind: "logic" | "register";
  readonly description: string;
  readonly verilog: string;
  readonly mutants: readonly Mutant[];
}

/** What a design is written from. */
interface Plan {
  readonly kind: "logic" | "register";
  readonly width: number;
  /** Operands and operators in turn. */
  readonly terms: readonly string[];
  readonly resetValue: number;
  /** An input word for which the output is inverted. */
  readonly rare: number | undefined;
}

const OPERATORS = ["&", "|", "^", "+", "-"] as const;
const INPUTS = ["a", "b", "c"] as const;

/**
 * Designs of one module `top`: logic of three inputs, and registers with an asynchronous reset, one after the other.
 *
 * @throws UsageError for an option out of range
 */
export function randomDesigns(options: RandomDesignsOptions): RandomDesign[] {
  checkOptions("randomDesigns", options, {
    count: { kind: "integer", min: 1, required: true },
    seed: { kind: "integer", min: 0, required: true },
    mutants: { kind: "integer", min: 0 },
    operators: { kind: "integer", min: 1, max: 64 },
  });
  const { count, seed, mutants = 4, operators = 4 } = options;
  return Array.from({ length: count }, (_, row) => {
    const random = rng({ seed, stream: "codev-r1/designs", row });
    const plan = planOf(random, row % 2 === 0 ? "logic" : "register", operators);
    return {
      id: `codev-r1/${seed}/${row}`,
      kind: plan.kind,
      description: described(plan),
      verilog: written(plan),
      mutants: Array.from({ length: mutants }, (_unused, i) => mutantOf(random, plan, i)),
    };
  });
}

function planOf(random: Rng, kind: Plan["kind"], operators: number): Plan {
  const operands = kind === "register" ? [...INPUTS, "q"] : INPUTS;
  const width = 1 + random.integer(4);
  const term = (): string => `${random.integer(4) === 0 ? "~" : ""}${random.pick(operands)}`;
  const terms = Array.from({ length: operators }, () => [random.pick(OPERATORS), term()]).flat();
  return { kind, width, terms: [term(), ...terms], resetValue: random.integer(2 ** width), rare: undefined };
}

function mutantOf(random: Rng, plan: Plan, i: number): Mutant {
  const kinds: readonly Mutant["kind"][] =
    plan.kind === "register" ? ["operator", "reset", "rare"] : ["operator", "rare"];
  const kind = kinds[i % kinds.length] ?? "operator";
  const values = 2 ** plan.width;
  switch (kind) {
    case "operator": {
      const at = 1 + 2 * random.integer((plan.terms.length - 1) / 2);
      const others = OPERATORS.filter((operator) => operator !== plan.terms[at]);
      return { kind, verilog: written({ ...plan, terms: plan.terms.with(at, random.pick(others)) }) };
    }
    case "reset":
      return {
        kind,
        verilog: written({ ...plan, resetValue: (plan.resetValue + 1 + random.integer(values - 1)) % values }),
      };
    case "rare":
      return { kind, verilog: written({ ...plan, rare: random.integer(values ** INPUTS.length) }) };
    default:
      return kind satisfies never;
  }
}

/** Terms from the left, each pair in brackets. */
function expressionOf({ terms: [first = "a", ...rest], rare, width }: Plan): string {
  let text = first;
  for (let i = 0; i < rest.length; i += 2) text = `(${text} ${rest[i]} ${rest[i + 1]})`;
  return rare === undefined ? text : `({a, b, c} == ${width * INPUTS.length}'d${rare}) ? ~${text} : ${text}`;
}

function written(plan: Plan): string {
  const { kind, width, resetValue } = plan;
  const range = width === 1 ? "" : `[${width - 1}:0] `;
  const inputs = INPUTS.map((name) => `input ${range}${name}`).join(", ");
  if (kind === "logic") {
    return `module top(${inputs}, output ${range}y);\n  assign y = ${expressionOf(plan)};\nendmodule\n`;
  }
  return [
    `module top(input clk, input rst, ${inputs}, output reg ${range}q);`,
    "  always @(posedge clk or posedge rst)",
    `    if (rst) q <= ${width}'d${resetValue};`,
    `    else q <= ${expressionOf(plan)};`,
    "endmodule",
    "",
  ].join("\n");
}

function described(plan: Plan): string {
  const bits = plan.width === 1 ? "one bit" : `${plan.width} bits`;
  const head = `Write a module "top" with inputs a, b, c of ${bits}`;
  if (plan.kind === "logic") return `${head} and an output y of as many: y is ${expressionOf(plan)}.`;
  const reset = `the input rst sets it to ${plan.resetValue} at once while it is 1`;
  return `${head}, a clock clk and a register q of as many, which it shows: ${reset}; at each rising edge q becomes ${expressionOf(plan)}.`;
}
