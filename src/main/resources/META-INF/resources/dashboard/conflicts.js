import { get, needsToken } from "./api.js";
import { byId, element, pageSize, say } from "./dom.js";
import { moment, orNothing } from "./format.js";
import { Paging } from "./paging.js";
import { repeat } from "./repeat.js";
import { amount, shown, shownOrNothing } from "./text.js";
import { change, view, whenViewChanges } from "./view.js";

const PAGE_SIZE = pageSize(10, 4);
const REFRESH_MILLIS = 5000;

const FIELDS = [
  ["Amount", "amount", orNothing(amount)],
  ["Currency", "currency", orNothing((value) => value)],
  ["From", "source_account", shownOrNothing],
  ["To", "destination_account", shownOrNothing],
];

const list = byId("conflicts");
const message = byId("conflicts-message");
const input = byId("conflicts_of");
let answered = "";

/** 1500.5 and 1500.50 are the same amount. */
const canonical = (text) => (text?.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);

function differs(field, received, stored) {
  return field === "amount" ? canonical(received) !== canonical(stored) : received !== stored;
}

function line([label, field, format], conflict) {
  const { stored } = conflict;
  const isOther = stored !== null && differs(field, conflict[field], stored[field]);
  const mark = isOther ? [" ", element("span", { class: "differs" }, "≠ differs")] : [];
  const row = element(
    "tr",
    {},
    element("th", { scope: "row" }, label, ...mark),
    element("td", {}, stored === null ? "–" : format(stored[field])),
    element("td", {}, format(conflict[field])),
  );
  row.dataset.differs = isOther;
  return row;
}

/** A sender that goes on after its 409 is one conflict, which came again. */
function came({ received_at: first, last_received_at: last, attempts }) {
  const received = `received ${moment(first)} UTC`;
  return attempts === 1 ? received : `${received}, ${attempts} times, last ${moment(last)} UTC`;
}

function article(conflict) {
  const { conflict_id: number, transaction_id: id, stored } = conflict;
  const open = element("button", { type: "button", class: "link", "data-open": id }, shown(id));
  const columns = ["Field", "Stored", "Came again"].map((name) => element("th", { scope: "col" }, name));
  const table = element(
    "table",
    {},
    element("caption", { class: "hidden" }, `Conflict ${number}: what is stored beside what came again`),
    element("thead", {}, element("tr", {}, ...columns)),
    element("tbody", {}, ...FIELDS.map((field) => line(field, conflict))),
  );
  return element(
    "article",
    { class: "conflict", "data-conflict-id": number },
    element("h3", {}, open),
    element("p", { class: "aside" }, `Conflict ${number}, ${came(conflict)}`),
    table,
    ...(stored === null ? [element("p", { class: "aside" }, "The transaction is no longer stored.")] : []),
  );
}

function show(conflicts) {
  list.replaceChildren(...conflicts.map(article));
  const empty = byId("conflicts-empty");
  empty.hidden = conflicts.length > 0;
  say(empty, view().conflicts_of === "" ? "No conflict was ever recorded." : "No conflict has exactly this transaction id.");
}

async function refresh() {
  const of = view().conflicts_of;
  const parameters = paging.parameters({ transaction_id: of, limit: PAGE_SIZE });
  try {
    const page = await get("v1/conflicts", parameters);
    if (view().conflicts_of !== of || paging.parameters({}).cursor !== parameters.cursor) {
      return;
    }
    // Rebuilding what somebody reads, or has the focus in, is worth it only for something new.
    const text = JSON.stringify(page.conflicts);
    if (text !== answered) {
      answered = text;
      keepingFocus(() => show(page.conflicts));
    }
    paging.take(parameters, page.next_cursor);
    paging.describe("Newest first");
    complain("");
  } catch (error) {
    complain(error.message);
    throw error;
  }
}

function keepingFocus(render) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.open : undefined;
  const of = document.activeElement?.closest("[data-conflict-id]")?.dataset.conflictId;
  render();
  if (focused !== undefined) {
    list.querySelector(`[data-conflict-id="${of}"] button`)?.focus();
  }
}

function complain(text) {
  say(message, text);
  message.dataset.level = text === "" ? "ok" : "critical";
  byId("conflicts-section").toggleAttribute("data-stale", text !== "");
}

let refreshNow = () => {};
const paging = new Paging("conflicts", () => refreshNow());

/** Sets the list up and keeps it fresh; the function returned has it look at once. */
export function startConflicts() {
  const form = byId("conflicts-filter");
  input.value = view().conflicts_of;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    change({ conflicts_of: input.value });
  });
  form.addEventListener("reset", () => change({ conflicts_of: "" }));
  whenViewChanges((before) => {
    if (before.conflicts_of !== view().conflicts_of) {
      input.value = view().conflicts_of;
      paging.restart();
      refreshNow();
    }
  });
  list.addEventListener("click", (event) => {
    const open = event.target.closest("[data-open]");
    if (open) {
      change({ id: open.dataset.open });
    }
  });
  refreshNow = repeat(refresh, REFRESH_MILLIS, () => !needsToken());
  return refreshNow;
}
