/**
 * Bounding boxes of SVG elements from their attributes, for a DOM that has no layout: what plotly asks for to set
 * margins, legends and labels. Covers what plotly measures (text, rects, straight paths, groups), nothing more.
 */
import { ascent, descent, textWidth } from "./text-metrics.ts";

/** What is read of a DOM node. */
export interface DomNode {
  readonly nodeType: number;
  readonly textContent: string | null;
  readonly childNodes: ArrayLike<DomNode>;
  readonly parentNode: DomNode | null;
  readonly tagName?: string;
  getAttribute?(name: string): string | null;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

type Matrix = readonly [number, number, number, number, number, number];
const nothing: Box = { left: 0, top: 0, right: 0, bottom: 0 };
const defaultFontSize = 12;

/** The element's box in its own coordinates, as `getBBox` gives it. */
export function ownBox(node: DomNode): Box {
  return contents(node) ?? nothing;
}

/** The element's box in the page's coordinates, as `getBoundingClientRect` gives it. */
export function pageBox(node: DomNode): Box {
  let box = contents(node);
  for (let at: DomNode | null = node; at !== null && box !== undefined; at = at.parentNode) box = moved(at, box);
  return box ?? nothing;
}

/** Width in pixels of the longest line of a text element. */
export function textLength(node: DomNode): number {
  const box = textBox(node);
  return box.right - box.left;
}

function contents(node: DomNode): Box | undefined {
  if (/display:\s*none/.test(attribute(node, "style"))) return undefined;
  switch (node.tagName?.toLowerCase()) {
    case "text":
      return textBox(node);
    case "rect":
    case "image": {
      const [left, top] = [number(node, "x"), number(node, "y")];
      return { left, top, right: left + number(node, "width"), bottom: top + number(node, "height") };
    }
    case "path":
      return pathBox(attribute(node, "d"));
    case "g":
    case "svg":
    case "a":
      return union(Array.from(node.childNodes, (child) => within(child)));
    default:
      return undefined;
  }
}

function within(node: DomNode): Box | undefined {
  const box = contents(node);
  return box && moved(node, box);
}

function union(boxes: readonly (Box | undefined)[]): Box | undefined {
  const found = boxes.filter((box) => box !== undefined);
  if (found.length === 0) return undefined;
  return {
    left: Math.min(...found.map((box) => box.left)),
    top: Math.min(...found.map((box) => box.top)),
    right: Math.max(...found.map((box) => box.right)),
    bottom: Math.max(...found.map((box) => box.bottom)),
  };
}

/** Lines are `tspan.line` children with their own x, y and dy, as plotly writes them; else the text is one line. */
function textBox(node: DomNode): Box {
  const size = fontSize(node);
  const bold = isBold(node);
  const anchor = attribute(node, "text-anchor") || /text-anchor:\s*(\w+)/.exec(attribute(node, "style"))?.[1];
  const lines = Array.from(node.childNodes).filter((child) => /\bline\b/.test(attribute(child, "class")));
  const boxes = (lines.length > 0 ? lines : [node]).map((line): Box | undefined => {
    const width = runWidth(line, size, bold);
    if (width === 0) return undefined;
    const x = number(line, "x") || number(node, "x");
    const dy = Number.parseFloat(attribute(line, "dy")) || 0; // em
    const y = (number(line, "y") || number(node, "y")) + dy * size;
    const left = x - (anchor === "end" ? width : anchor === "middle" ? width / 2 : 0);
    return { left, top: y - ascent * size, right: left + width, bottom: y + descent * size };
  });
  return union(boxes) ?? nothing;
}

function runWidth(node: DomNode, size: number, bold: boolean): number {
  if (node.nodeType === 3) return textWidth(node.textContent ?? "", size, bold);
  const style = attribute(node, "style");
  const [, value, unit] = /font-size:\s*([\d.]+)(%|px)/.exec(style) ?? [];
  const ownSize = value === undefined ? size : unit === "px" ? Number(value) : (size * Number(value)) / 100;
  const ownBold = bold || /font-weight:\s*bold/.test(style);
  return Array.from(node.childNodes).reduce((sum, child) => sum + runWidth(child, ownSize, ownBold), 0);
}

function fontSize(node: DomNode): number {
  for (let at: DomNode | null = node; at !== null; at = at.parentNode) {
    const size = /font-size:\s*([\d.]+)px/.exec(attribute(at, "style"))?.[1];
    if (size !== undefined) return Number(size);
  }
  return defaultFontSize;
}

function isBold(node: DomNode): boolean {
  return /font-weight:\s*(bold|[6-9]00)/.test(attribute(node, "style"));
}

/** Absolute moves and straight lines; a curve's points are outside what plotly measures. */
function pathBox(d: string): Box | undefined {
  if (d === "" || /[a-z]/.test(d.replace(/[zZ]/g, ""))) return undefined;
  const points: (readonly [number, number])[] = [];
  let [x, y] = [0, 0];
  for (const [, command = "", rest = ""] of d.matchAll(/([MLHV])([^MLHVZ]*)/g)) {
    const values = (rest.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
    for (let i = 0; i < values.length; i += command === "M" || command === "L" ? 2 : 1) {
      if (command !== "V") x = values[i] ?? x;
      if (command !== "H") y = values[command === "V" ? i : i + 1] ?? y;
      points.push([x, y]);
    }
  }
  return union(points.map(([px, py]) => ({ left: px, top: py, right: px, bottom: py })));
}

/** The box around the box's corners after the node's transform. */
function moved(node: DomNode, box: Box): Box {
  const transform = attribute(node, "transform");
  if (transform === "") return box;
  const [a, b, c, d, e, f] = matrix(transform);
  const { left, top, right, bottom } = box;
  const corners = [[left, top] as const, [right, top] as const, [left, bottom] as const, [right, bottom] as const];
  const xs = corners.map(([x, y]) => a * x + c * y + e);
  const ys = corners.map(([x, y]) => b * x + d * y + f);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function matrix(transform: string): Matrix {
  let result: Matrix = [1, 0, 0, 1, 0, 0];
  for (const [, kind = "", inner = ""] of transform.matchAll(/(\w+)\(([^)]*)\)/g)) {
    result = multiply(result, single(kind, inner.split(/[\s,]+/).map(Number)));
  }
  return result;
}

function single(kind: string, [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: readonly number[]): Matrix {
  if (kind === "translate") return [1, 0, 0, 1, a, b];
  if (kind === "scale") return [a, 0, 0, b === 0 ? a : b, 0, 0];
  if (kind === "matrix") return [a, b, c, d, e, f];
  if (kind !== "rotate") return [1, 0, 0, 1, 0, 0];
  const angle = (a * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cos, sin, -sin, cos, b - cos * b + sin * c, c - sin * b - cos * c]; // about (b, c)
}

function multiply(m: Matrix, n: Matrix): Matrix {
  return [
    m[0] * n[0] + m[2] * n[1],
    m[1] * n[0] + m[3] * n[1],
    m[0] * n[2] + m[2] * n[3],
    m[1] * n[2] + m[3] * n[3],
    m[0] * n[4] + m[2] * n[5] + m[4],
    m[1] * n[4] + m[3] * n[5] + m[5],
  ];
}

function attribute(node: DomNode, name: string): string {
  return node.getAttribute?.(name) ?? "";
}

function number(node: DomNode, name: string): number {
  return Number.parseFloat(attribute(node, name)) || 0;
}
