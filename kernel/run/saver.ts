/** Saves a notebook beside its run: the cells do not wait for the disk, and no more than one save is under way. */

export class Saver {
  readonly #save: () => Promise<void>;
  #running: Promise<void> | undefined;
  #again = false;
  #failure: { readonly error: unknown } | undefined;

  /** @param save writes what is there when it is called */
  constructor(save: () => Promise<void>) {
    this.#save = save;
  }

  /**
   * Starts a save; one that is under way is followed by another, since it may have missed what is new.
   *
   * @throws the error of an earlier save that failed
   */
  request(): void {
    if (this.#failure) throw this.#failure.error;
    if (this.#running) this.#again = true;
    else this.#running = this.#run();
  }

  /** Resolves when nothing is left to be saved. @throws the error of a save that failed */
  async settled(): Promise<void> {
    await this.#running;
    if (this.#failure) throw this.#failure.error;
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#save();
      } catch (error) {
        this.#failure = { error };
        break;
      }
    } while (this.#again);
    this.#running = undefined;
  }
}
