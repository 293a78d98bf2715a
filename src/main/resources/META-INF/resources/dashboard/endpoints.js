import { get, needsToken } from "./api.js";
import { databaseNow } from "./clock.js";
import { byId, element, pageSize, say } from "./dom.js";
import { openNewEndpoint, startEndpointForm } from "./endpoint-form.js";
import { count, NOTHING, recent, stateName } from "./format.js";
import { Paging } from "./paging.js";
import { repeat } from "./repeat.js";
import { Rows } from "./rows.js";
import { startSecret } from "./secret.js";
import { cut } from "./text.js";
import { change } from "./view.js";

const PAGE_SIZE = pageSize(25, 10);
const REFRESH_MILLIS = 3000;

const message = byId("endpoints-message");
const body = byId("endpoints").tBodies[0];

/** Whether it is left alone for a while, because it only fails or has asked for a rest. */
export const isResting = ({ retry_at: until }) => until !== null && Date.parse(until) > databaseNow();

const when = (text) => (text === null ? NOTHING : recent(text, databaseNow()));

class Row {
  #url = element("div", { class: "aside" });
  #state = element("span", { class: "status" });
  #cells = {};

  constructor({ endpoint_id: id }) {
    const cell = (name, label) =>
      (this.#cells[name] = element("td", { role: "cell", class: `number ${name}`, "data-label": label }));
    this.node = element(
      "tr",
      { role: "row", "data-endpoint-id": id },
      element("td", { role: "cell", class: "id" }, element("button", { type: "button", class: "link" }, cut(id)), this.#url),
      element("td", { role: "cell" }, this.#state),
      cell("waiting", "waiting"),
      cell("dead", "dead letters"),
      cell("failing", "failing since"),
      cell("circuit", "left alone until"),
      cell("delivered", "last delivered"),
    );
  }

  update(endpoint) {
    if (this.#url.textContent !== endpoint.url) {
      this.#url.replaceChildren(cut(endpoint.url));
    }
    this.#state.dataset.status = endpoint.state;
    say(this.#state, stateName(endpoint.state));
    say(this.#cells.waiting, count(endpoint.waiting));
    say(this.#cells.dead, count(endpoint.dead_letters));
    say(this.#cells.failing, when(endpoint.failing_since));
    say(this.#cells.circuit, isResting(endpoint) ? when(endpoint.retry_at) : NOTHING);
    say(this.#cells.delivered, when(endpoint.delivered_at));
    this.#cells.failing.dataset.some = endpoint.failing_since !== null;
    this.#cells.dead.dataset.some = endpoint.dead_letters > 0;
  }
}

const rows = new Rows(body, ({ endpoint_id: id }) => id, (endpoint) => new Row(endpoint));

async function refresh() {
  const parameters = paging.parameters({ limit: PAGE_SIZE });
  try {
    const page = await get("v1/endpoints", parameters);
    if (paging.parameters({}).cursor !== parameters.cursor) {
      return;
    }
    rows.show(page.endpoints);
    byId("endpoints-empty").hidden = page.endpoints.length > 0;
    paging.take(parameters, page.next_cursor);
    paging.describe("Oldest first");
    complain("");
  } catch (error) {
    complain(error.message);
    throw error;
  }
}

/** What was said of something that was done stays until something is opened. */
function complain(text) {
  if (text !== "" || message.dataset.level === "critical") {
    say(message, text);
  }
  message.dataset.level = text === "" ? "ok" : "critical";
  byId("endpoints-section").toggleAttribute("data-stale", text !== "");
}

let refreshNow = () => {};
const paging = new Paging("endpoints", () => refreshNow());

/** Sets the list up and keeps it fresh; the function returned has it look at once. */
export function startEndpoints() {
  startSecret();
  startEndpointForm();
  byId("endpoints-new").addEventListener("click", () =>
    openNewEndpoint(({ endpoint_id: id }) => {
      change({ endpoint: id });
      refreshNow();
    }),
  );
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row && (event.target.closest("button") || getSelection().toString() === "")) {
      say(message, "");
      change({ endpoint: row.dataset.endpointId });
    }
  });
  refreshNow = repeat(refresh, REFRESH_MILLIS, () => !needsToken());
  return refreshNow;
}
