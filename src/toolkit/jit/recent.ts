/** A map that keeps what was used last. */
export class Recent<K, V> {
  readonly #most: number;
  readonly #dropped: (key: K, value: V) => void;
  /** In order of last use: the first entry is the next to go. */
  readonly #entries = new Map<K, V>();

  /**
   * @param most entries kept
   * @param dropped hears of each entry that had to go
   */
  constructor(most: number, dropped: (key: K, value: V) => void = () => {}) {
    this.#most = most;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of a key, made if there is none; the key is then the last used. */
  get(key: K, make: () => V): V {
    const found = this.#entries.has(key);
    const value = found ? (this.#entries.get(key) as V) : make();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const [oldest, old] of this.#entries) {
      if (this.#entries.size <= this.#most) break;
      this.#entries.delete(oldest);
      this.#dropped(oldest, old);
    }
    return value;
  }
}
