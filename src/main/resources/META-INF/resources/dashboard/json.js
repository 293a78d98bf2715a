/**
 * A JSON string, and the number that follows it if it names one. Strings are matched whole, so text that only looks
 * like a member, inside an id for example, is never taken for one.
 */
const STRING_AND_NUMBER = /("[^"\\]*(?:\\.[^"\\]*)*")(?:(\s*:\s*)(-?\d[\d.eE+-]*))?/g;

const AMOUNTS = new Set(['"amount"', '"amount_min"']);

/** A JSON number (RFC 8259) without an exponent. */
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Parses JSON, and keeps amounts as text: a JavaScript number would lose digits of 9007199254740993.01. */
export function parse(text) {
  const kept = text.replace(STRING_AND_NUMBER, (whole, name, colon, number) =>
    AMOUNTS.has(name) && number !== undefined ? `${name}${colon}"${number}"` : whole,
  );
  return JSON.parse(kept);
}

/** Writes an object as JSON, with its least amount as the number whose text it is; what is no number the service refuses. */
export function write(object) {
  const { amount_min: least, ...rest } = object;
  if (typeof least !== "string" || !DECIMAL.test(least)) {
    return JSON.stringify(object);
  }
  const members = JSON.stringify(rest).slice(1, -1);
  return `{${[...(members === "" ? [] : [members]), `"amount_min":${least}`].join(",")}}`;
}
