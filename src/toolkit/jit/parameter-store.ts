/** Named weights that live in the engine's worker, where graphs read them and optimizers update them in place. */
import { entryPoint } from "../entry-point.ts";
import { refuse } from "../refuse.ts";
import { type Engine, type ParameterRef, packed } from "./engine.ts";
import type { HostTensor } from "./host-tensor.ts";

/** Made by `engine.parameters(tensors)`. What is read or written here is copied; the worker's arrays never move. */
export class ParameterStore {
  readonly engine: Engine;
  /** The shape of every parameter by its name. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Number of scalars in all parameters. */
  readonly count: number;
  readonly #id: number;
  readonly #program: URL;
  #disposed = false;

  constructor(engine: Engine, id: number, shapes: Readonly<Record<string, readonly number[]>>) {
    this.engine = engine;
    this.shapes = shapes;
    this.count = Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    this.#id = id;
    this.#program = entryPoint("./engine-program.ts", import.meta.url);
    engine.releaseWith(this, id);
  }

  /** The store's number for programs (`runtime.store(id)`). @throws UsageError after `dispose`, or in another engine */
  idIn(engine: Engine): number {
    if (this.#disposed) refuse("parameters", "the store was disposed of", "use it before dispose()");
    if (engine !== this.engine) {
      refuse("parameters", "the store belongs to another engine", "copy it: `engine.parameters(await store.read())`");
    }
    return this.#id;
  }

  /** A parameter as an input of a graph. @throws UsageError when there is none of that name */
  ref(parameter: string): ParameterRef {
    if (!Object.hasOwn(this.shapes, parameter)) {
      refuse("parameters", `there is no parameter ${parameter}`, `name one of ${Object.keys(this.shapes).join(", ")}`);
    }
    return { store: this, parameter };
  }

  /** Copies of the named parameters, all by default. */
  read(names?: readonly string[]): Promise<Record<string, HostTensor>> {
    return this.#call("readStore", { names });
  }

  /** Overwrites the named parameters. @throws UsageError, with nothing written, when a name or shape does not fit */
  async write(values: Readonly<Record<string, HostTensor>>): Promise<void> {
    await this.#call("writeStore", { values: packed(values) });
  }

  /** A second store with the same values. */
  async clone(): Promise<ParameterStore> {
    return new ParameterStore(this.engine, await this.#call<number>("cloneStore", {}), this.shapes);
  }

  /** 128 bits in hex of a SHA-256 over names, shapes and bytes, in order of name: equal for bit-equal weights only. */
  fingerprint(): Promise<string> {
    return this.#call("fingerprint", {});
  }

  /** Frees the weights once calls made before are done. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.engine.release(this.#id);
  }

  async #call<T>(method: string, payload: object): Promise<T> {
    return this.engine.call<T>(this.#program, method, { store: this.idIn(this.engine), ...payload });
  }
}
