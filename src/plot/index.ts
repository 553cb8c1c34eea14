export { boundaryFigure, solvedMatrixFigure } from "./boundary.ts";
export { boundaryCourseFigure, type CourseSampleOptions } from "./boundary-course.ts";
export { boundaryDetailFigure } from "./boundary-detail.ts";
export type { PairSampleOptions, PairSamples } from "./boundary-samples.ts";
export { boundaryTable } from "./boundary-table.ts";
export { type DisplayOptions, display } from "./display.ts";
export { entropyFigure } from "./entropy.ts";
export { collapseFigure, entropyLedgerFigure } from "./entropy-ledger.ts";
export type { EntropySampleOptions, EntropySamples } from "./entropy-samples.ts";
export { darkFigure, type Fallback, type Figure, figure, isFigure, type MimeBundle, plotlyMime } from "./figure.ts";
export { gradientFigure } from "./gradients.ts";
export { alignmentFigure, interferenceFigure } from "./interference.ts";
export { type InterferenceDetails, interferenceDetailFigure } from "./interference-details.ts";
export { interferenceMatrixFigure } from "./interference-matrix.ts";
export { type LiveFigure, type LiveRun, liveCurves } from "./live.ts";
export { type PagePart, standaloneHtml } from "./page.ts";
export { learningCurveFigure, type ProfileResult, performanceProfileFigure } from "./rliable.ts";
export {
  behind,
  type FigureSamples,
  type PointIndices,
  type Sample,
  type SampleBook,
  type SampleGroup,
  type SampleLimits,
  type SamplePoint,
  type SampleSource,
  sampleBook,
} from "./samples.ts";
export { type HtmlView, type SortableCell, type SortableColumn, sortableTable } from "./sortable.ts";
export { renderPng, renderSvg } from "./static.ts";
export type { StepSampleOptions } from "./step-samples.ts";
export { limitFigure, supportFigure } from "./support.ts";
export { type LiveTerminalOptions, liveTerminal } from "./terminal/live.ts";
export type { TerminalStream } from "./terminal/screen.ts";
export { type Role, type RoleStyle, roles } from "./theme.ts";
export type {
  Axis,
  BarTrace,
  BoxTrace,
  HeatmapTrace,
  Layout,
  PlotlyJson,
  ScatterTrace,
  Trace,
  Values,
} from "./traces.ts";
export { type TrainingFigureOptions, type TrainingRecord, trainingFigure } from "./training.ts";
export { type RankPoint, rankFigure, weightDeltaFigure } from "./weight-deltas.ts";
export { trajectoryFigure, weightDetailFigure } from "./weight-details.ts";
