export function preciseDifference(_gold: unknown, _given: unknown, _base: number): boolean | undefined {
  return undefined;
}
