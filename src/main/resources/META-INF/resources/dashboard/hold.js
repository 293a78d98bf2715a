import { get, post } from "./api.js";
import { byId, element, say } from "./dom.js";
import { moment } from "./format.js";
import { shown } from "./text.js";

const form = byId("hold-form");
const reason = byId("hold-reason");
const button = byId("detail-hold");
const message = byId("hold-message");

/** What can be done with a transaction of this status; nothing with one that is finished. */
const ACTIONS = {
  PROCESSING: { path: "hold", button: "Hold back …", confirm: "Hold" },
  HELD: { path: "release", button: "Release …", confirm: "Release" },
};

let path = null;
let action = null;

function open(isOpen) {
  form.hidden = !isOpen;
  button.setAttribute("aria-expanded", isOpen);
}

/** Offers what fits the status of the transaction at this path; a null path offers nothing. */
export function offerHold(transactionPath, status) {
  const next = transactionPath === null ? undefined : ACTIONS[status];
  if (path !== transactionPath || action !== next) {
    open(false);
    reason.value = "";
    if (path !== transactionPath) {
      say(message, "");
    }
  }
  path = transactionPath;
  action = next;
  button.hidden = next === undefined;
  if (next !== undefined) {
    say(button, next.button);
    say(byId("hold-confirm"), next.confirm);
  }
}

/** Who holds it, since when and why: as lines of the description of a transaction that is held. */
export async function heldBy(transactionPath) {
  const { holds } = await get(`${transactionPath}/holds`);
  const last = holds.find((hold) => hold.action === "HOLD");
  if (last === undefined) {
    return [];
  }
  const since = element("time", { datetime: last.at }, `${moment(last.at)} UTC`);
  return [
    ["Held since", since],
    ["Held by", last.by],
    ["Held because", last.reason === null ? "No reason was given" : shown(last.reason)],
  ];
}

async function submit(event, done) {
  event.preventDefault();
  const confirm = byId("hold-confirm");
  confirm.disabled = true;
  say(message, "Telling the service …");
  try {
    await post(`${path}/${action.path}`, reason.value === "" ? {} : { reason: reason.value });
    say(message, action.path === "hold" ? "It is held." : "It is released.");
    open(false);
    button.focus();
    done();
  } catch (error) {
    say(message, error.message);
  } finally {
    confirm.disabled = false;
  }
}

/** Sets the form up; `done` is called when something was done. */
export function startHold(done) {
  button.addEventListener("click", () => {
    open(form.hidden);
    if (!form.hidden) {
      reason.focus();
    }
  });
  form.addEventListener("submit", (event) => submit(event, done));
}
