import { act } from "./act.js";
import { get, post, remove } from "./api.js";
import { when } from "./attempts.js";
import { byId, element, say } from "./dom.js";
import { count, entered, moment, words } from "./format.js";
import { Rows } from "./rows.js";

const SHOWN = 5;
const PERCENT = 100;

const form = byId("replay-form");
const message = byId("replay-message");
const confirm = byId("replay-confirm");

let current = null;
let counted = null;
let refreshNow = () => {};

const WHAT = {
  ONE: () => "One transaction",
  FAILED: () => "All that was given up",
  SINCE: ({ since, until }) => `Finished since ${moment(since)}, before ${moment(until)} UTC`,
};

class Row {
  #state = element("td");
  #queued = element("td", { class: "number" });
  #bar = element("progress", { max: 1 });
  #cancel = element("button", { type: "button" }, "Cancel");

  constructor(replay) {
    this.#bar.setAttribute("aria-label", `Progress of replay ${replay.replay_id}`);
    this.#cancel.addEventListener("click", () => this.#end(replay.replay_id));
    this.node = element(
      "tr",
      { "data-replay-id": replay.replay_id },
      element("td", {}, when(replay.created_at)),
      element("td", {}, WHAT[replay.what]?.(replay) ?? words(replay.what), element("div", { class: "aside" }, `by ${replay.by}`)),
      this.#state,
      this.#queued,
      element("td", {}, this.#bar),
      element("td", {}, this.#cancel),
    );
  }

  update({ state, queued, progress }) {
    say(this.#state, words(state));
    say(this.#queued, count(queued));
    this.#bar.value = progress;
    this.#bar.title = `${Math.floor(progress * PERCENT)} %`;
    this.#cancel.hidden = state !== "RUNNING";
  }

  async #end(id) {
    await act(this.#cancel, message, async () => {
      await remove(`${current}/replays/${id}`);
      return "It is cancelled. What it has queued already is told all the same.";
    });
    refreshNow();
  }
}

const rows = new Rows(byId("replays").tBodies[0], ({ replay_id: id }) => id, (replay) => new Row(replay));

/** What is asked for; the counts of one question are not those of another. */
function question() {
  const { what, since, until } = form.elements;
  if (what.value === "FAILED") {
    return { failed: true };
  }
  return { since: entered(since.value), ...(until.value === "" ? {} : { until: entered(until.value) }) };
}

/** Asks for nothing that was not counted before. */
function forgetCount() {
  counted = null;
  confirm.hidden = true;
}

function messages({ count: amount, exact }) {
  return `${exact ? "" : "about "}${count(amount)} ${amount === 1 ? "message" : "messages"}`;
}

async function look() {
  const asked = question();
  const path = current;
  await act(byId("replay-count"), message, async () => {
    const found = await post(`${path}/replays`, { ...asked, dry_run: true });
    if (path !== current || JSON.stringify(asked) !== JSON.stringify(question())) {
      return "";
    }
    counted = asked;
    confirm.hidden = found.count === 0;
    say(confirm, `Send ${messages(found)}`);
    return found.count === 0 ? "There is nothing to be sent again." : `It would send ${messages(found)} again.`;
  });
}

async function begin() {
  const asked = counted;
  const done = await act(confirm, message, async () => {
    await post(`${current}/replays`, asked);
    return "It begins. It goes on when this page is closed.";
  });
  if (done) {
    forgetCount();
    byId("replay-count").focus();
    refreshNow();
  }
}

function showTimes() {
  for (const field of form.querySelectorAll("[data-of=since]")) {
    field.hidden = form.elements.what.value !== "SINCE";
  }
  form.elements.since.required = form.elements.what.value === "SINCE";
}

/** Counts all that failed, and offers to send it again. */
export function offerFailed() {
  form.elements.what.value = "FAILED";
  showTimes();
  forgetCount();
  byId("replay-heading").focus();
  look();
}

/** Shows none, until those of another endpoint are known. */
export function forgetReplays() {
  current = null;
  form.reset();
  showTimes();
  forgetCount();
  rows.show([]);
  say(message, "");
}

/** Shows the last replays of the endpoint at this path, unless another one is looked at by then. */
export async function showReplays(path, isCurrent) {
  current = path;
  const { replays } = await get(`${path}/replays`, { limit: SHOWN });
  if (isCurrent()) {
    rows.show(replays);
    byId("replays-list").hidden = replays.length === 0;
  }
}

/** Sets the form up; `refresh` is called when there may be something new to be seen. */
export function startReplays(refresh) {
  refreshNow = refresh;
  form.addEventListener("input", () => {
    showTimes();
    forgetCount();
    say(message, "");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
  confirm.addEventListener("click", begin);
  byId("dead-letters-all").addEventListener("click", offerFailed);
}
