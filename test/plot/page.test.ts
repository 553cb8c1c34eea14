import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { darkFigure, figure, renderSvg, standaloneHtml } from "../../src/plot/index.ts";
import { noChromium, openPage } from "../support/chromium.ts";
import { gallery } from "./samples.ts";

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

const [darkSystem, lightSystem] = [0, 1].map((scheme) => `--blink-settings=preferredColorScheme=${scheme}`);

async function open(html: string, scheme = lightSystem): Promise<Report> {
  const file = join(await mkdtemp(join(tmpdir(), "rlvr-page-")), "page.html");
  await writeFile(file, html.replace("<head>", `<head>${watch}`).replace("</body>", `${report}</body>`));
  const { dom } = await openPage(file, [`--window-size=${windowWidth},1000`, scheme ?? ""]);
  return reportOf(dom);
}

/** 700 for the figures, and the page's edges. */
const windowWidth = 732;

function reportOf<T>(dom: string): T {
  const text = /<pre id="report">(.*?)<\/pre>/s.exec(dom)?.[1] ?? "{}";
  return JSON.parse(text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
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
  expect((await standaloneHtml(["<p>text</p>"], { title: "T" })).length).toBeLessThan(1500); // no figure, no plotly
});

test.skipIf(noChromium)(
  "gallery page: every figure is drawn, valid, unclipped, without an error [browser]",
  async () => {
    const figures = Object.values(gallery());
    const html = await standaloneHtml(figures, { title: "Gallery" });
    mkdirSync("out", { recursive: true });
    writeFileSync("out/gallery.html", html);
    const drawn = await open(html);
    expectLegible(drawn, figures.length);
    // The last figure waits for its first step.
    for (const { marks } of drawn.plots.slice(0, -1)) expect(marks).toBeGreaterThan(0);
  },
);

test.skipIf(noChromium)(
  "static pictures: every figure is legible and unclipped, light and dark [browser]",
  async () => {
    const figures = Object.values(gallery()).flatMap((one, i) => (i % 2 === 0 ? one : darkFigure(one)));
    const stills = await Promise.all(
      figures.map(async (one) => `<div class="still">${await renderSvg(one.toJSON())}</div>`),
    );
    expectLegible(await open(await standaloneHtml(stills, { title: "Stills" })), figures.length);
  },
);

/** Colours of page and figure as they come, then after each press of the button; and whether a zoom outlives them. */
const press = `<script>addEventListener("load", () => setTimeout(async () => {
  const plot = document.querySelector(".plot");
  const seen = [];
  const look = () => seen.push([
    document.querySelector("button.theme").textContent, getComputedStyle(document.body).backgroundColor,
    plot._fullLayout.paper_bgcolor, plot._fullLayout.font.color, plot._fullLayout.xaxis.range.map((x) => Math.round(10 * x)).join(),
  ].join(" "));
  look();
  await Plotly.relayout(plot, { "xaxis.range": [0.5, 1] });
  for (let i = 0; i < 3; i++) {
    document.querySelector("button.theme").click();
    await new Promise((resolve) => setTimeout(resolve, 100));
    look();
  }
  const pre = document.createElement("pre");
  pre.id = "report";
  pre.textContent = JSON.stringify(seen);
  document.body.append(pre);
}, 500))</script>`;

test.skipIf(noChromium)(
  "page: follows the system's colours, and the button chooses; zoom stays [browser]",
  async () => {
    const { boundary } = gallery();
    const html = (await standaloneHtml(boundary ? [boundary] : [], { title: "One" })).replace(
      "</body>",
      `${press}</body>`,
    );
    const file = join(await mkdtemp(join(tmpdir(), "rlvr-page-")), "page.html");
    await writeFile(file, html);
    const seen = async (scheme = ""): Promise<readonly string[]> => reportOf((await openPage(file, [scheme])).dom);
    const light = (name: string, range: string): string =>
      `Colours: ${name} rgb(255, 255, 255) #FFFFFF #222222 ${range}`;
    const dark = (name: string, range: string): string => `Colours: ${name} rgb(22, 25, 29) #16191D #E6E9ED ${range}`;
    const zoomed = "5,10";
    const whole = (await seen(lightSystem))[0]?.split(" ").at(-1) ?? "";
    expect(await seen(lightSystem)).toEqual([
      light("system", whole),
      light("light", zoomed),
      dark("dark", zoomed),
      light("system", zoomed),
    ]);
    expect(await seen(darkSystem)).toEqual([
      dark("system", whole),
      light("light", zoomed),
      dark("dark", zoomed),
      dark("system", zoomed),
    ]);
  },
);
