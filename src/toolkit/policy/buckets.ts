/**
 * Sizes for which graphs are made: powers of two and the halves between, so that there are few graphs and no size is
 * more than 1.5 times what is asked for.
 */

/** The smallest size of at least `count` and `smallest` (a power of two). */
export function bucket(count: number, smallest: number): number {
  for (let size = smallest; ; size *= 2) {
    if (count <= size) return size;
    const between = size + size / 2;
    if (Number.isInteger(between) && count <= between) return between;
  }
}
