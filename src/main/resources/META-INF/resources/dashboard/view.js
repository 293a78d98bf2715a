/** What the list of transactions is asked with. */
export const FILTERS = [
  "status",
  "source_account",
  "destination_account",
  "created_from",
  "created_to",
  "source",
  "type",
  "subject",
  "unmapped",
];

/** What of the page can be bookmarked. The token is not among it. */
const NAMES = [...FILTERS, "id", "conflicts_of", "endpoint"];

const listeners = new Set();
let current = read();

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(NAMES.map((name) => [name, given.get(name) ?? ""]));
}

/** The state that the address names: every value is text, and empty where nothing is named. */
export const view = () => current;

/** Tells of every change, with the state before. */
export function whenViewChanges(listener) {
  listeners.add(listener);
}

/** Changes part of the state, as a step that the browser can go back from. */
export function change(part) {
  const next = { ...current, ...part };
  const given = new URLSearchParams(Object.entries(next).filter(([, value]) => value !== ""));
  const hash = given.size > 0 ? `#${given}` : "";
  if (hash !== location.hash) {
    history.pushState(null, "", hash || location.pathname + location.search);
  }
  follow(next);
}

function follow(next) {
  const before = current;
  current = next;
  for (const listener of listeners) {
    listener(before);
  }
}

addEventListener("popstate", () => follow(read()));
