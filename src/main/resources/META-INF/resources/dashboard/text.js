import { element } from "./dom.js";
import { NOTHING, orNothing } from "./format.js";

/**
 * What cannot be seen or changes the order of other characters: controls, formats, separators other than the plain
 * space, private and unassigned code points, halves of surrogate pairs, and what fonts may draw as nothing.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;

/** A space at an end, or beside another one, is as good as invisible too. */
const LOST_SPACE = /^ | $| (?= )|(?<= ) /;

const PIECES = new RegExp(`${INVISIBLE.source}|${LOST_SPACE.source}`, "gu");

function named(character) {
  return character === " " ? "␣" : `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The text with names in the place of what cannot be seen, for titles and labels. */
export function plain(text) {
  return text.replace(PIECES, (character) => (character === " " ? "␣" : `⟨${named(character)}⟩`));
}

/** The text as it is, with its direction kept to itself, and with what cannot be seen marked by name. */
export function shown(text) {
  const node = element("bdi", { class: "given" });
  let end = 0;
  for (const match of text.matchAll(PIECES)) {
    node.append(text.slice(end, match.index), element("span", { class: "code-point" }, named(match[0])));
    end = match.index + match[0].length;
  }
  node.append(text.slice(end));
  return node;
}

/** The same on one line, cut with an ellipsis where it is too long, and whole as a title. */
export function cut(text) {
  const node = shown(text);
  node.classList.add("cut");
  node.title = plain(text);
  return node;
}

/** An amount with all of its digits; the thousands are set apart by space that is not part of the text. */
export function amount(text) {
  const node = element("span", { class: "amount" });
  const match = /^(-?\d+)(\.\d+)?$/.exec(text);
  if (!match) {
    node.append(text);
    return node;
  }
  const groups = match[1].match(/-?\d{1,3}(?=(?:\d{3})*$)/g);
  node.append(groups[0], ...groups.slice(1).map((digits) => element("span", { class: "thousands" }, digits)));
  node.append(match[2] ?? "");
  return node;
}

/** Events may lack what other transactions have: in its place stands a dash. */
export const shownOrNothing = orNothing(shown);
export const cutOrNothing = orNothing(cut);

/** An amount beside its currency, as nodes. */
export const money = (value, currency) => (value === null ? [NOTHING] : [amount(value), " ", currency]);
