/**
 * Which cell a piece of running code belongs to, through timers, promises and callbacks.
 *
 * Node 24 and later: AsyncLocalStorage. Before, AsyncLocalStorage makes Node abort when an interrupt terminates code
 * after an `await` (its hooks keep a stack of ids); there V8's promise hooks carry the owner, and the timer functions
 * are wrapped.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { promiseHooks } from "node:v8";

export interface OwnerContext<T> {
  run<R>(owner: T, action: () => R): R;
  current(): T | undefined;
  /** The owner of the code that made this promise, as far as it is known. */
  ownerOf(promise: Promise<unknown>): T | undefined;
  /** Forgets the current owner: after an interrupt, code may have ended without cleaning up. */
  reset(): void;
}

export function ownerContext<T extends object>(): OwnerContext<T> {
  return Number.parseInt(process.versions.node, 10) >= 24 ? byStorage() : byPromiseHooks();
}

function byStorage<T extends object>(): OwnerContext<T> {
  const storage = new AsyncLocalStorage<T>();
  return {
    run: (owner, action) => storage.run(owner, action),
    current: () => storage.getStore(),
    ownerOf: () => undefined,
    reset: () => undefined,
  };
}

function byPromiseHooks<T extends object>(): OwnerContext<T> {
  let current: T | undefined;
  const owned = ownerField<T>();
  promiseHooks.createHook({
    init(promise: Promise<unknown>) {
      if (current) owned.set(promise, current);
    },
    before(promise: Promise<unknown>) {
      current = owned.get(promise);
    },
    after() {
      current = undefined;
    },
  });
  const run = <R>(owner: T, action: () => R): R => {
    const outer = current;
    current = owner;
    try {
      return action();
    } finally {
      current = outer;
    }
  };
  wrapCallbacks((callback) => {
    const owner = current;
    if (!owner) return callback;
    return function (this: unknown, ...args: unknown[]) {
      return run(owner, () => Reflect.apply(callback, this, args));
    };
  });
  return {
    run,
    current: () => current,
    ownerOf: (promise) => owned.get(promise),
    reset: () => {
      current = undefined;
    },
  };
}

/** A constructor that returns its argument lets a subclass add private fields to any object. */
class Returned {
  constructor(target: object) {
    // biome-ignore lint/correctness/noConstructorReturn: what this class is for
    return target;
  }
}

/**
 * A private field on promises: several times faster than a WeakMap, whose table the garbage collector must walk when
 * a loop makes a million promises, and invisible to `util.inspect`.
 */
function ownerField<T>(): {
  set(promise: Promise<unknown>, owner: T): void;
  get(promise: Promise<unknown>): T | undefined;
} {
  class Owned extends Returned {
    #owner: T;
    constructor(promise: Promise<unknown>, owner: T) {
      super(promise);
      this.#owner = owner;
    }
    static get(promise: object): T | undefined {
      return #owner in promise ? promise.#owner : undefined;
    }
  }
  return { set: (promise, owner) => void new Owned(promise, owner), get: (promise) => Owned.get(promise) };
}

type Callback = (...args: never[]) => unknown;

function isCallback(value: unknown): value is Callback {
  return typeof value === "function";
}

/** Replaces the global functions that take a callback; extra properties (`setTimeout[promisify.custom]`) are kept. */
function wrapCallbacks(bind: (callback: Callback) => Callback): void {
  const wrap = (holder: object, name: string): void => {
    const original: unknown = Reflect.get(holder, name);
    if (!isCallback(original)) return;
    const wrapped = (first: unknown, ...rest: unknown[]): unknown =>
      Reflect.apply(original, holder, [isCallback(first) ? bind(first) : first, ...rest]);
    for (const key of Reflect.ownKeys(original)) {
      const property = Object.getOwnPropertyDescriptor(original, key);
      if (property && key !== "prototype") Object.defineProperty(wrapped, key, property);
    }
    Reflect.set(holder, name, wrapped);
  };
  for (const name of ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"]) wrap(globalThis, name);
  wrap(process, "nextTick");
}
