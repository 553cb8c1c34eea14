/** How representations of a value stand in a notebook file, by MIME type. */

/** JSON, kept as it is. */
export function isJsonMime(mime: string): boolean {
  return mime === "application/json" || mime.endsWith("+json");
}

/** Bytes as base64; all other types are text, and stand as lists of lines. */
export function isBinaryMime(mime: string): boolean {
  return /^(image|audio|video)\//.test(mime) && mime !== "image/svg+xml";
}
