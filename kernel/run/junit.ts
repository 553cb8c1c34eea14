/** Test reports as JUnit XML, which CI services show. */
import type { TestCase, TestReport } from "./test.ts";

/** One suite for each notebook, one case for each thing that was judged. */
export function junit(reports: readonly TestReport[]): string {
  const suites = reports.map(({ path, cases, ms }) => {
    const counts = `tests="${cases.length}" failures="${count(cases, "failed")}" skipped="${count(cases, "skipped")}"`;
    const lines = cases.map((one) => `    ${testCase(path, one)}`);
    return [`  <testsuite name="${xml(path)}" ${counts} time="${seconds(ms)}">`, ...lines, "  </testsuite>"].join("\n");
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", ...suites, "</testsuites>", ""].join("\n");
}

function testCase(path: string, { name, status, message, ms = 0 }: TestCase): string {
  const head = `<testcase classname="${xml(path)}" name="${xml(name)}" time="${seconds(ms)}"`;
  if (status === "passed") return `${head}/>`;
  if (status === "skipped") return `${head}><skipped message="${xml(message)}"/></testcase>`;
  const first = message.split("\n")[0] ?? "";
  return `${head}><failure message="${xml(first)}">${xml(message)}</failure></testcase>`;
}

function count(cases: readonly TestCase[], status: TestCase["status"]): number {
  return cases.filter((one) => one.status === status).length;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** XML 1.0 has no control characters, not even escaped ones. */
function xml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "?")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\n", "&#10;");
}
