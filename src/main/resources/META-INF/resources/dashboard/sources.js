import { get, needsToken } from "./api.js";
import { databaseNow } from "./clock.js";
import { byId, element, say } from "./dom.js";
import { count, NOTHING, recent } from "./format.js";
import { repeat } from "./repeat.js";
import { Rows } from "./rows.js";
import { cut } from "./text.js";
import { showOnly } from "./transactions.js";

/** Replicas report as often. */
const REFRESH_MILLIS = 5000;

const message = byId("sources-message");
const body = byId("sources").tBodies[0];

/** What the columns count, each with the label that it has on a phone. */
const COLUMNS = {
  accepted: "accepted",
  unmapped: "of these unmapped",
  replayed: "replayed",
  conflicting: "conflicts",
  unauthenticated: "unauthenticated",
  refused: "otherwise refused",
};

class Row {
  #cells = {};
  #last = element("td", { role: "cell", class: "number last", "data-label": "last taken" });
  #about = element("div", { class: "aside" });

  constructor({ source }) {
    for (const [name, label] of Object.entries(COLUMNS)) {
      this.#cells[name] = element("td", { role: "cell", class: `number ${name}`, "data-label": label });
    }
    this.node = element(
      "tr",
      { role: "row", "data-source": source },
      element("td", { role: "cell", class: "id" }, element("button", { type: "button", class: "link" }, source), this.#about),
      ...Object.values(this.#cells),
      this.#last,
    );
  }

  update(source) {
    const about = `${source.scheme}, ${source.path}`;
    if (this.#about.textContent !== about) {
      this.#about.replaceChildren(cut(about));
    }
    const { invalid, shed, failed } = source;
    const figures = { ...source, refused: invalid + shed + failed };
    for (const [name, cell] of Object.entries(this.#cells)) {
      say(cell, count(figures[name]));
      cell.dataset.some = figures[name] > 0;
    }
    this.#cells.refused.title = `${count(invalid)} invalid, ${count(shed)} shed, ${count(failed)} failed`;
    this.#cells.refused.dataset.failed = failed > 0;
    say(this.#last, source.last_event_at === null ? NOTHING : recent(source.last_event_at, databaseNow()));
  }
}

const rows = new Rows(body, ({ source }) => source, (source) => new Row(source));

async function refresh() {
  try {
    const { sources } = await get("v1/sources");
    rows.show(sources);
    byId("sources-empty").hidden = sources.length > 0;
    complain("");
  } catch (error) {
    // A replica of an earlier version knows nothing of this, while others may.
    complain(error.status === 404 ? "A replica answers that is of an earlier version, and does not tell." : error.message);
    throw error;
  }
}

function complain(text) {
  say(message, text);
  message.dataset.level = text === "" ? "ok" : "critical";
  byId("sources-section").toggleAttribute("data-stale", text !== "");
}

/** Sets the list up and keeps it fresh; the function returned has it look at once. */
export function startSources() {
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row && (event.target.closest("button") || getSelection().toString() === "")) {
      showOnly({ source: row.dataset.source });
    }
  });
  return repeat(refresh, REFRESH_MILLIS, () => !needsToken());
}
