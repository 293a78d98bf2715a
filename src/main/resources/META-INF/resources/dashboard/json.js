/**
 * A JSON string, and the number that follows it if it names one. Strings are matched whole, so text that only looks
 * like a member, inside an id for example, is never taken for one.
 */
const STRING_AND_NUMBER = /("[^"\\]*(?:\\.[^"\\]*)*")(?:(\s*:\s*)(-?\d[\d.eE+-]*))?/g;

/** Parses JSON, and keeps amounts as text: a JavaScript number would lose digits of 9007199254740993.01. */
export function parse(text) {
  const kept = text.replace(STRING_AND_NUMBER, (whole, name, colon, number) =>
    name === '"amount"' && number !== undefined ? `${name}${colon}"${number}"` : whole,
  );
  return JSON.parse(kept);
}
