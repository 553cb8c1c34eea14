/** Runs the compiler; resolves to its exit status. */
export function build(): Promise<number>;
