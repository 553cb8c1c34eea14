/** What differs between two JSON states, path by path. */

export interface Change {
  readonly before: unknown;
  readonly after: unknown;
}

/** By path, such as "issues.0.title". */
export interface StateDiff {
  readonly added: Readonly<Record<string, unknown>>;
  readonly removed: Readonly<Record<string, unknown>>;
  readonly changed: Readonly<Record<string, Change>>;
}

/** Objects and lists are compared entry by entry; what is whole on one side alone is one entry. */
export function stateDiff(before: unknown, after: unknown): StateDiff {
  const diff = {
    added: {} as Record<string, unknown>,
    removed: {} as Record<string, unknown>,
    changed: {} as Record<string, Change>,
  };
  const stack: { readonly path: string; readonly before: unknown; readonly after: unknown }[] = [
    { path: "", before, after },
  ];
  for (let place = stack.pop(); place; place = stack.pop()) {
    const [old, now] = [entriesOf(place.before), entriesOf(place.after)];
    if (!old || !now || Array.isArray(place.before) !== Array.isArray(place.after)) {
      if (!Object.is(place.before, place.after))
        diff.changed[place.path] = { before: place.before, after: place.after };
      continue;
    }
    for (const key of new Set([...old.keys(), ...now.keys()])) {
      const path = place.path === "" ? key : `${place.path}.${key}`;
      if (!old.has(key)) diff.added[path] = now.get(key);
      else if (!now.has(key)) diff.removed[path] = old.get(key);
      else stack.push({ path, before: old.get(key), after: now.get(key) });
    }
  }
  return diff;
}

function entriesOf(value: unknown): Map<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
}

export function isEmptyDiff({ added, removed, changed }: StateDiff): boolean {
  return [added, removed, changed].every((part) => Object.keys(part).length === 0);
}
