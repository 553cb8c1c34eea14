/** Memory shared by the executor's main thread and its watchdog thread. */

export type SharedState = Int32Array<SharedArrayBuffer>;

export const Slot = {
  /** 1 while an interrupt is wanted: loops of cell code look at it at every turn. */
  flag: 0,
  /** Number of the last interrupt that the main thread has heard of. */
  heard: 1,
  /** 1 while the main thread writes to the output pipe: a bad moment to terminate it. */
  critical: 2,
  /**
   * Number of the run in progress, 0 when there is none or it ends; the number negated from when the watchdog asks for
   * a termination until it has struck. So a termination strikes a run, never what comes after it.
   */
  running: 3,
  /** How often the watchdog has terminated the run in progress. */
  terminated: 4,
  /** Number of the last run that has begun. */
  begun: 7,
  /** 1 after a loop of cell code has seen the flag, lowered it and thrown: the cell unwinds. */
  seen: 6,
  /** Always 0: to sleep on. */
  never: 5,
} as const;

export function newSharedState(): SharedState {
  return new Int32Array(new SharedArrayBuffer(8 * Int32Array.BYTES_PER_ELEMENT));
}
