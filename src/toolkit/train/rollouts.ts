/** Rollouts of a step that samples nothing. */
import { fromRows } from "../rows.ts";

export const noRollouts: ReturnType<typeof fromRows> = fromRows([], { problems: [], padId: 0 });
