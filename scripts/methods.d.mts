/** The text of docs/methods.md, made from the headers of src/algorithms/ as they stand. */
export function methodsPage(): string;
