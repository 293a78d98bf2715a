import { get, needsToken } from "./api.js";
import { databaseNow } from "./clock.js";
import { byId, element, pageSize, say } from "./dom.js";
import { offerFirst, startFirst } from "./first.js";
import { entered, justAfter, NOTHING, recent, secondsBetween, span, statusName } from "./format.js";
import { Paging } from "./paging.js";
import { repeat } from "./repeat.js";
import { cut, cutOrNothing, money } from "./text.js";
import { change, FILTERS, view, whenViewChanges } from "./view.js";

const PAGE_SIZE = pageSize(25, 10);
const REFRESH_MILLIS = 1000;

/** How long the list stands still after the pointer moved over it. */
const STILL_MILLIS = 4000;

const form = byId("filters");
const body = byId("transactions").tBodies[0];
const message = byId("transactions-message");
const rows = new Map();
let pointed = -Infinity;
let shown = [];
/** Whether the service found fault with the question itself, which no repetition mends. */
let isWrong = false;

/** What an event tells of itself, on one line; nothing for other transactions. */
function event({ source, type, subject }) {
  const told = [source, type, subject].filter((text) => text !== undefined);
  return told.length === 0 ? [] : [element("div", { class: "event" }, ...told.map(cut))];
}

/** A row that is kept as long as its transaction is on the page, so that neither focus nor selection is lost. */
class Row {
  #status = element("span", { class: "status" });
  #took = element("td", { role: "cell", class: "number took" });

  constructor(transaction) {
    const { transaction_id: id, source_account: source, destination_account: destination } = transaction;
    const open = element("button", { type: "button", class: "link" }, cut(id));
    const created = element("td", { role: "cell", class: "number created" }, recent(transaction.created_at, databaseNow()));
    created.title = `${transaction.created_at} by the database's clock`;
    this.node = element(
      "tr",
      { role: "row", "data-transaction-id": id },
      element("td", { role: "cell", class: "id" }, open, ...event(transaction)),
      element("td", { role: "cell" }, this.#status),
      element("td", { role: "cell", class: "number money" }, ...money(transaction.amount, transaction.currency)),
      element("td", { role: "cell", class: "account source" }, cutOrNothing(source)),
      element("td", { role: "cell", class: "account destination" }, cutOrNothing(destination)),
      created,
      this.#took,
    );
    this.update(transaction);
  }

  update(transaction) {
    this.#status.dataset.status = transaction.status;
    say(this.#status, statusName(transaction.status));
    const { created_at: created, processed_at: processed } = transaction;
    say(this.#took, processed === null ? NOTHING : span(secondsBetween(created, processed)));
  }
}

function show(transactions) {
  shown = transactions;
  transactions.forEach((transaction, i) => {
    const id = transaction.transaction_id;
    const row = rows.get(id) ?? new Row(transaction);
    row.update(transaction);
    rows.set(id, row);
    if (body.children[i] !== row.node) {
      body.insertBefore(row.node, body.children[i] ?? null);
    }
  });
  const ids = new Set(transactions.map((transaction) => transaction.transaction_id));
  for (const [id, row] of rows) {
    if (!ids.has(id)) {
      row.node.remove();
      rows.delete(id);
    }
  }
  const filtered = FILTERS.some((name) => view()[name] !== "");
  const empty = byId("transactions-empty");
  empty.hidden = transactions.length > 0;
  offerFirst(!filtered && transactions.length === 0);
  say(empty, filtered ? "No transaction fits these filters." : "No transaction yet. What is posted shows up here by itself.");
}

/** While somebody reads or walks through the rows they keep their places; only what they say is renewed. */
const isHeld = () =>
  body.contains(document.activeElement) || byId("detail").open || performance.now() - pointed < STILL_MILLIS;

/** The parameters that answer with the rows of now, and not with later ones; no row is later than a limit given. */
const held = (filters) => ({ ...filters, created_to: justAfter(shown.map((each) => each.created_at).reduce(later)) });

/** Of two times. By a provider's times, the first row need not be the one that was stored last. */
const later = (one, other) => (secondsBetween(one, other) > 0 ? other : one);

async function refresh() {
  const filters = { ...Object.fromEntries(FILTERS.map((name) => [name, view()[name]])), limit: PAGE_SIZE };
  const still = paging.isNewest && shown.length > 0 && isHeld();
  const parameters = paging.parameters(still ? held(filters) : filters);
  const asked = JSON.stringify(view()) + parameters.cursor;
  try {
    const page = await get("v1/transactions", parameters);
    if (asked !== JSON.stringify(view()) + paging.parameters(filters).cursor) {
      return;
    }
    show(page.transactions);
    paging.take(parameters, page.next_cursor);
    const order = filters.subject === "" ? "Newest first" : "Newest first by the provider's time";
    paging.describe(still ? `${order}; new ones wait while you are in the list` : order);
    complain(null);
  } catch (error) {
    complain(error);
    throw error;
  }
}

function complain(error) {
  isWrong = error?.status === 400 || error?.status === 422;
  say(message, error === null ? "" : error.message);
  message.dataset.level = error === null ? "ok" : "critical";
  byId("transactions-section").toggleAttribute("data-stale", error !== null);
  const named = new Set(error?.violations?.map((violation) => violation.field));
  for (const name of FILTERS) {
    form.elements[name].setAttribute("aria-invalid", named.has(name));
  }
}

/** An address may name a time in any zone; one that is none is left to the service to refuse. */
function enterable(text) {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString().replace(/(\.000)?Z$/, "");
}

function fill() {
  for (const name of FILTERS) {
    const value = view()[name];
    form.elements[name].value = name.startsWith("created_") ? enterable(value) : value;
  }
}

const paging = new Paging("transactions", () => {
  shown = [];
  refreshNow();
});
let refreshNow = () => {};

/** Shows all that these filters name, such as the events of one payment, or of one source. */
export function showOnly(filters) {
  change({ ...Object.fromEntries(FILTERS.map((name) => [name, ""])), id: "", ...filters });
  byId("transactions-heading").focus();
}

/** Sets the list up and keeps it fresh; the newest page as fast as transactions come, others for their changes of status. */
export function startTransactions() {
  fill();
  startFirst();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = FILTERS.map((name) => [name, form.elements[name].value]);
    change(Object.fromEntries(given.map(([name, text]) => [name, name.startsWith("created_") ? entered(text) : text])));
  });
  form.addEventListener("reset", () => change(Object.fromEntries(FILTERS.map((name) => [name, ""]))));
  whenViewChanges((before) => {
    if (FILTERS.some((name) => before[name] !== view()[name])) {
      fill();
      paging.restart();
      shown = [];
      refreshNow();
    }
  });
  body.addEventListener("pointermove", () => (pointed = performance.now()));
  body.addEventListener("pointerleave", () => (pointed = -Infinity));
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    const isSelecting = getSelection().toString() !== "";
    if (row && (event.target.closest("button") || !isSelecting)) {
      change({ id: row.dataset.transactionId });
    }
  });
  refreshNow = repeat(refresh, REFRESH_MILLIS, () => !needsToken() && !isWrong);
  return refreshNow;
}
