/** Memory for caches that stays between calls, so that a rollout does not begin with the system clearing pages. */
export class CacheArena {
  #blocks: readonly Float32Array[] = [];

  /** Counted in the engine's memory. */
  get bytes(): number {
    return this.#blocks.reduce((sum, block) => sum + block.byteLength, 0);
  }

  /** `count` arrays of at least `length` numbers. What they hold is finite and means nothing. */
  take(count: number, length: number): readonly Float32Array[] {
    const fits = this.#blocks.length >= count && this.#blocks.every((block) => block.length >= length);
    if (!fits) this.#blocks = Array.from({ length: count }, () => new Float32Array(length));
    return this.#blocks.slice(0, count);
  }

  /** Forgets the memory: after a failure it may hold what is not finite, and 0 · NaN is not 0. */
  clear(): void {
    this.#blocks = [];
  }
}
