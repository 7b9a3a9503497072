/** Reads JSON; undefined for what is none: the parser's own message would repeat what stands there. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
