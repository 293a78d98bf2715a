import { get } from "./api.js";
import { databaseNow } from "./clock.js";
import { byId, element } from "./dom.js";
import { count, NOTHING, recent, span, words } from "./format.js";
import { Rows } from "./rows.js";
import { cut, shown } from "./text.js";
import { change } from "./view.js";

const SHOWN = 20;
const MILLIS = 1000;

/** What came of it, with the status if there was an answer. */
export const outcome = ({ outcome: name, status }) => (status === null ? words(name) : `${words(name)}, ${status}`);

/** When something was, to the second, with all of it in the title. */
export function when(text) {
  const node = element("time", { datetime: text }, recent(text, databaseNow()));
  node.title = `${text} by the database's clock`;
  return node;
}

/** What a message is about: its type, and the transaction, which a button opens. */
export function about({ event, transaction_id: id, webhook_id: webhookId }) {
  const what = element("span", { class: "aside" }, event);
  what.title = webhookId;
  if (id === null) {
    return [what];
  }
  const open = element("button", { type: "button", class: "link" }, cut(id));
  open.addEventListener("click", () => change({ id }));
  return [what, element("div", {}, open)];
}

/** What an endpoint answered, as the text that it is; a long one folded. */
export const answered = ({ answer }) => (answer === null ? [NOTHING] : [element("div", { class: "answer" }, shown(answer))]);

function row(attempt) {
  const node = element(
    "tr",
    {},
    element("td", {}, when(attempt.at)),
    element("td", {}, outcome(attempt)),
    element("td", { class: "number" }, span(attempt.took_ms / MILLIS)),
    element("td", {}, ...about(attempt)),
    element("td", {}, ...answered(attempt)),
  );
  node.dataset.outcome = attempt.outcome;
  return { node };
}

const rows = new Rows(byId("attempts").tBodies[0], ({ at, webhook_id: id }) => `${at} ${id}`, row);

/** Shows none, for the time until the endpoint's own are known. */
export const forgetAttempts = () => rows.show([]);

/** Shows the last attempts to tell the endpoint at this path, unless another one is looked at by then. */
export async function showAttempts(path, isCurrent) {
  const { attempts } = await get(`${path}/attempts`, { limit: SHOWN });
  if (isCurrent()) {
    rows.show(attempts);
    byId("attempts-note").textContent =
      attempts.length === 0 ? "None yet, or none that is still kept." : `The last ${count(attempts.length)} of those that are kept, newest first.`;
  }
}
