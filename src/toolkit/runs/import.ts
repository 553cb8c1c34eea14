/** Runs of anybody: what is exported of the readers. */
export type { ImportedCurve, ImportedProblem, ImportedResult, ImportedSample, ImportedSet } from "./import/collect.ts";
export { type DetectedFile, detectFiles } from "./import/detect.ts";
export {
  type ImportedRun,
  type ImportOptions,
  importedSet,
  importRecords,
  importRun,
  importScores,
  importTable,
} from "./import/import-run.ts";
export type { FrameLike, SampleTable, TableColumns } from "./import/memory.ts";
export type { BadRow, ImportFormat, ImportRecord, TokensRecord } from "./import/record.ts";
export { tokenRollouts } from "./import/tokens.ts";
