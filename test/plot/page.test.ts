import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { figure, renderSvg, standaloneHtml } from "../../src/plot/index.ts";
import { gallery } from "./samples.ts";

const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const quiet = ["gpu", "quic", "background-networking", "component-update", "sync"].map((name) => `--disable-${name}`);

/** What the page says of itself once drawn. */
interface Report {
  readonly errors: readonly string[];
  readonly plots: readonly {
    readonly width: number;
    readonly height: number;
    readonly marks: number;
    /** Texts of the title, the legend, the annotations, the axis titles, that lie outside or cover one another. */
    readonly outside: readonly string[];
    readonly covered: readonly string[];
    /** What plotly's own schema does not know; null when all is known. */
    readonly invalid: readonly string[] | null;
  }[];
}

const watch = `<script>window.errors = [];
  addEventListener("error", (event) => errors.push(event.message));
  for (const level of ["error", "warn"]) console[level] = (...words) => errors.push(words.join(" "));</script>`;

const report = `<script>addEventListener("load", () => setTimeout(() => {
  const inside = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
  const plots = [...document.querySelectorAll(".plot, .still")].map((place) => {
    const svg = place.querySelector("svg").getBoundingClientRect();
    const words = [...place.querySelectorAll("text.gtitle, text.legendtext, text.annotation-text, .g-xtitle text, .g-ytitle text")]
      .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
    const all = [...place.querySelectorAll("text")].filter((text) => text.textContent.trim() !== "" && text.getBoundingClientRect().width > 0);
    return {
      width: svg.width, height: svg.height,
      marks: place.querySelectorAll("path.js-line, path.point, .point path, image").length,
      outside: all.filter((text) => !inside(text.getBoundingClientRect(), svg)).map((text) => text.textContent),
      covered: words.flatMap((a, i) => words.slice(i + 1).filter((b) => !apart(a.box, b.box)).map((b) => a.text + " / " + b.text)),
      invalid: place.className === "still" ? null : (Plotly.validate(place.data, place.layout) ?? null)?.map((problem) => problem.msg) ?? null,
    };
  });
  const pre = document.createElement("pre");
  pre.id = "report";
  pre.textContent = JSON.stringify({ errors, plots });
  document.body.append(pre);
}, 500))</script>`;

function open(html: string, width: number): Report {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  try {
    const page = join(folder, "page.html");
    writeFileSync(page, html.replace("<head>", `<head>${watch}`).replace("</body>", `${report}</body>`));
    const options = [
      "--headless",
      "--no-sandbox",
      "--no-first-run",
      "--virtual-time-budget=20000",
      "--dump-dom",
      ...quiet,
    ];
    const profile = [`--user-data-dir=${join(folder, "profile")}`, `--window-size=${width},1000`];
    const { stdout } = spawnSync(browser ?? "", [...options, ...profile, pathToFileURL(page).href], {
      encoding: "utf8",
      maxBuffer: 64e6,
    });
    const text = /<pre id="report">(.*?)<\/pre>/s.exec(stdout)?.[1] ?? "{}";
    return JSON.parse(text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function expectLegible({ errors, plots }: Report, count: number): void {
  expect(errors).toEqual([]);
  expect(plots).toHaveLength(count);
  for (const plot of plots) {
    expect(plot.width).toBeGreaterThan(500);
    expect(plot.height).toBeGreaterThan(300);
    expect(plot.outside).toEqual([]);
    expect(plot.covered).toEqual([]);
    expect(plot.invalid).toBeNull();
  }
}

test("standaloneHtml: one copy of plotly, nothing from elsewhere, and no text that ends its script early", async () => {
  const evil = "</script><script>alert(1)</script><!--";
  const one = figure({
    data: [{ type: "scatter", mode: "lines", name: evil, x: [1], y: [1] }],
    layout: {},
    summary: evil,
  });
  const html = await standaloneHtml([one, one, "<p>between</p>"], { title: evil });
  expect(html.match(/plotly\.js \(cartesian - minified\)/g)).toHaveLength(1);
  expect(html).not.toContain(evil);
  expect(html).toContain("<title>&lt;/script&gt;");
  expect(html).not.toMatch(/<script[^>]+src=|<link/);
  expect(html.match(/<\/script>/g)).toHaveLength(4); // plotly, two figures, the start
  expect(html.length).toBeLessThan(1_450_000);
  expect((await standaloneHtml(["<p>text</p>"], { title: "T" })).length).toBeLessThan(1000); // no figure, no plotly
});

test.skipIf(browser === undefined)(
  "gallery page: every figure is drawn, valid, unclipped, without an error [browser]",
  async () => {
    const figures = Object.values(gallery());
    const html = await standaloneHtml(figures, { title: "Gallery" });
    mkdirSync("out", { recursive: true });
    writeFileSync("out/gallery.html", html);
    const drawn = open(html, 732); // 700 for the figures and the page's edges
    expectLegible(drawn, figures.length);
    // The last figure waits for its first step.
    for (const { marks } of drawn.plots.slice(0, -1)) expect(marks).toBeGreaterThan(0);
  },
);

test.skipIf(browser === undefined)(
  "static pictures: every figure is legible and unclipped in a browser [browser]",
  async () => {
    const figures = Object.values(gallery());
    const stills = await Promise.all(
      figures.map(async (one) => `<div class="still">${await renderSvg(one.toJSON())}</div>`),
    );
    expectLegible(open(await standaloneHtml(stills, { title: "Stills" }), 732), figures.length);
  },
);
