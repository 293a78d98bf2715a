import { get, needsToken } from "./api.js";
import { databaseNow } from "./clock.js";
import { byId, element, say } from "./dom.js";
import { local, moment, secondsBetween, span, statusName } from "./format.js";
import { heldBy, offerHold, startHold } from "./hold.js";
import { repeat } from "./repeat.js";
import { money, shown, shownOrNothing } from "./text.js";
import { showOnly } from "./transactions.js";
import { change, view, whenViewChanges } from "./view.js";

const REFRESH_MILLIS = 1000;

const dialog = byId("detail");
const search = byId("search-id");
let known = null;
let ended = false;

/** Asked of the list, because a path with such an id in it may be rewritten on its way; null if there is none. */
/** Where it is held and released, and only there; it is read by a query, which no proxy rewrites. */
const pathOf = (id) => `v1/transactions/${encodeURIComponent(id)}`;

async function read(id) {
  // Half of a surrogate pair has no bytes, and what breaks another rule (422) was never stored.
  if (!id.isWellFormed()) {
    return null;
  }
  try {
    const { transactions } = await get("v1/transactions", { transaction_id: id });
    return transactions[0] ?? null;
  } catch (error) {
    if (error.status === 422) {
      return null;
    }
    throw error;
  }
}

function time(text) {
  return element("time", { datetime: text, title: local(text) }, `${moment(text)} UTC`);
}

function entry(name, ...value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, ...value));
}

const UNITS = { MINOR: "in the currency's smallest units", MAJOR: "in whole units of the currency" };

function subjectOf({ source, subject }) {
  const link = element("button", { type: "button", class: "link", id: "detail-subject" }, shown(subject));
  link.title = "Lists all events about it";
  link.addEventListener("click", () => showOnly({ source, subject }));
  return link;
}

/** What events have beyond other transactions, as far as it is known. */
function eventEntries(event) {
  const { source, type, subject, occurred_at: occurred, unmapped, amount_sent: sent, amount_unit: unit } = event;
  return [
    ["Source", source, () => [shown(source)]],
    ["Type", type, () => [shown(type)]],
    ["Subject", subject, () => [subjectOf(event)]],
    ["Occurred", occurred, () => [time(occurred)]],
    ["Not fully mapped", unmapped, () => [unmapped.replaceAll("_", " ")]],
    ["Amount as sent", sent, () => [shown(sent), ` ${UNITS[unit] ?? unit}`]],
  ]
    .filter(([, value]) => value !== undefined)
    .map(([name, , nodes]) => entry(name, ...nodes()));
}

function entries(transaction, held) {
  const { created_at: created, processed_at: processed, status } = transaction;
  const badge = element("span", { class: "status" }, statusName(status));
  badge.dataset.status = status;
  return element(
    "dl",
    {},
    entry("Id", shown(transaction.transaction_id)),
    entry("Status", badge),
    entry("Amount", ...money(transaction.amount, transaction.currency)),
    entry("Source account", shownOrNothing(transaction.source_account)),
    entry("Destination account", shownOrNothing(transaction.destination_account)),
    ...eventEntries(transaction),
    entry("Created", time(created)),
    ...(processed === null
      ? [entry("Processed", "Not yet"), entry("Waiting for", element("span", { id: "detail-waiting" }))]
      : [entry("Processed", time(processed)), entry("Took", span(secondsBetween(created, processed)))]),
    ...held.map(([name, value]) => entry(name, value)),
  );
}

/** Builds only what is new: who selects a text, or has it read aloud, is not disturbed each second. */
function show(transaction, held) {
  if (JSON.stringify(transaction) !== JSON.stringify(known)) {
    byId("detail-body").replaceChildren(entries(transaction, held));
  }
  known = transaction;
  offerHold(pathOf(transaction.transaction_id), transaction.status);
  ended = transaction.processed_at !== null;
  if (!ended) {
    const now = new Date(databaseNow()).toISOString();
    say(byId("detail-waiting"), span(Math.max(0, secondsBetween(transaction.created_at, now))));
  }
}

function tell(text) {
  byId("detail-body").replaceChildren(element("p", { class: "message" }, text));
}

async function refresh() {
  const { id } = view();
  try {
    const transaction = await read(id);
    const isHeld = transaction?.status === "HELD" && known?.status !== "HELD";
    const held = isHeld ? await heldBy(pathOf(id)) : [];
    if (view().id !== id) {
      return;
    }
    if (transaction === null) {
      tellOfNone(id);
    } else {
      show(transaction, held);
    }
  } catch (error) {
    if (view().id !== id) {
      return;
    }
    if (known === null) {
      tell(error.message);
    }
    throw error;
  }
}

function tellOfNone(id) {
  ended = true;
  byId("detail-body").replaceChildren(
    element("p", { class: "message" }, "No transaction has exactly this id:"),
    element("p", {}, shown(id)),
  );
  if (id !== id.trim()) {
    byId("detail-body").append(element("p", { class: "aside" }, "It begins or ends with a space, which counts as part of it."));
  }
}

let refreshNow = () => {};

function follow() {
  const { id } = view();
  if (id === "") {
    dialog.close();
    return;
  }
  known = null;
  ended = false;
  offerHold(null);
  say(byId("detail-heading"), "Transaction");
  tell("Looking for it …");
  if (!dialog.open) {
    dialog.showModal();
  }
  refreshNow();
}

/** Opens what the address names, follows it until it is processed, and finds transactions by their ids. */
export function startDetail() {
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    if (search.value !== "") {
      change({ id: search.value });
    }
  });
  byId("detail-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    if (view().id !== "") {
      change({ id: "" });
    }
    if (document.activeElement === document.body) {
      search.focus();
    }
  });
  byId("detail-conflicts").addEventListener("click", () => {
    change({ id: "", conflicts_of: view().id });
    byId("conflicts-heading").focus();
  });
  const copy = byId("detail-copy");
  copy.hidden = navigator.clipboard === undefined;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(view().id);
    say(copy, "Copied");
    setTimeout(() => say(copy, "Copy id"), 1500);
  });
  whenViewChanges((before) => {
    if (before.id !== view().id) {
      follow();
    }
  });
  startHold(() => refreshNow());
  refreshNow = repeat(refresh, REFRESH_MILLIS, () => dialog.open && !ended && !needsToken());
  if (view().id !== "") {
    follow();
  }
  return refreshNow;
}
