import { act } from "./act.js";
import { get, post } from "./api.js";
import { about, answered, outcome, when } from "./attempts.js";
import { byId, element, pageSize, say } from "./dom.js";
import { count } from "./format.js";
import { Paging } from "./paging.js";
import { Rows } from "./rows.js";

const PAGE_SIZE = pageSize(10, 5);

const body = byId("dead-letters").tBodies[0];
const message = byId("dead-letters-message");

let current = null;
let refreshNow = () => {};

function again(letter) {
  const button = element("button", { type: "button" }, "Send again");
  button.addEventListener("click", async () => {
    await act(button, message, async () => {
      await post(`${current}/replays`, { dead_letter_id: letter.dead_letter_id });
      return "It is queued again. What comes of it stands among the attempts.";
    });
    refreshNow();
  });
  return button;
}

function row(letter) {
  const node = element(
    "tr",
    { "data-dead-letter-id": letter.dead_letter_id },
    element("td", {}, when(letter.last_failed_at)),
    element("td", {}, outcome(letter)),
    element("td", { class: "number" }, count(letter.attempts)),
    element("td", {}, ...about(letter)),
    element("td", {}, ...answered(letter)),
    element("td", {}, again(letter)),
  );
  return { node };
}

const rows = new Rows(body, ({ dead_letter_id: id }) => id, row);
const paging = new Paging("dead-letters", () => refreshNow());

/** Shows none, until those of another endpoint are known. */
export function forgetDeadLetters() {
  current = null;
  paging.restart();
  rows.show([]);
  say(message, "");
}

/** Shows a page of what was given up of the endpoint at this path, unless another one is looked at by then. */
export async function showDeadLetters(path, isCurrent) {
  current = path;
  const parameters = paging.parameters({ limit: PAGE_SIZE });
  const page = await get(`${path}/dead-letters`, parameters);
  if (!isCurrent() || paging.parameters({}).cursor !== parameters.cursor) {
    return;
  }
  const hadFocus = body.contains(document.activeElement);
  rows.show(page.dead_letters);
  if (hadFocus && !body.contains(document.activeElement)) {
    byId("dead-letters-heading").focus();
  }
  paging.take(parameters, page.next_cursor);
  paging.describe(page.dead_letters.length > 0 ? "Newest first" : "Nothing was given up.");
  byId("dead-letters-all").hidden = page.dead_letters.length === 0;
}

/** Sets the list up; `refresh` is called when there may be something new to be seen. */
export function startDeadLetters(refresh) {
  refreshNow = refresh;
}
