export { type Fallback, type Figure, figure, isFigure, type MimeBundle, plotlyMime } from "./figure.ts";
export { renderPng, renderSvg } from "./static.ts";
export { type Role, type RoleStyle, roles } from "./theme.ts";
