import { act, unfold } from "./act.js";
import { get, needsToken, patch, post, remove } from "./api.js";
import { forgetAttempts, outcome, showAttempts } from "./attempts.js";
import { forgetDeadLetters, showDeadLetters, startDeadLetters } from "./dead-letters.js";
import { byId, element, say } from "./dom.js";
import { describe } from "./endpoint-description.js";
import { openChange } from "./endpoint-form.js";
import { span } from "./format.js";
import { repeat } from "./repeat.js";
import { forgetReplays, showReplays, startReplays } from "./replays.js";
import { showSecret } from "./secret.js";
import { shown } from "./text.js";
import { change, view, whenViewChanges } from "./view.js";

const REFRESH_MILLIS = 2000;
const MILLIS = 1000;

/** A test message waits for the endpoint's answer, for which a minute is the longest that can be set. */
const TEST_PATIENCE_MILLIS = 70_000;

const dialog = byId("endpoint");
const message = byId("endpoint-message");
const stateButton = byId("endpoint-state");
let known = null;
let refreshNow = () => {};
let refreshList = () => {};

const pathOf = (id) => `v1/endpoints/${encodeURIComponent(id)}`;

/** Builds only what is new: who selects a text, or has it read aloud, is not disturbed. */
function show(endpoint) {
  if (JSON.stringify(endpoint) !== JSON.stringify(known)) {
    byId("endpoint-body").replaceChildren(describe(endpoint));
  }
  known = endpoint;
  say(byId("endpoint-heading"), endpoint.endpoint_id);
  say(stateButton, endpoint.state === "ENABLED" ? "Pause" : "Enable");
  byId("endpoint-actions").hidden = false;
  for (const id of ["endpoint-change", "endpoint-rotate", "endpoint-delete"]) {
    byId(id).hidden = endpoint.configured;
  }
}

function tell(text) {
  byId("endpoint-body").replaceChildren(element("p", { class: "message" }, text));
}

async function refresh() {
  const { endpoint: id } = view();
  if (id === "") {
    return;
  }
  const path = pathOf(id);
  const isCurrent = () => view().endpoint === id;
  try {
    const [endpoint] = await Promise.all([
      get(path),
      showAttempts(path, isCurrent),
      showDeadLetters(path, isCurrent),
      showReplays(path, isCurrent),
    ]);
    if (isCurrent()) {
      show(endpoint);
    }
  } catch (error) {
    if (isCurrent() && (known === null || error.status === 404)) {
      tell(error.status === 404 ? "There is no endpoint of this id." : error.message);
    }
    throw error;
  }
}

function changed() {
  refreshNow();
  refreshList();
}

async function toggle() {
  const next = known.state === "ENABLED" ? "PAUSED" : "ENABLED";
  await act(stateButton, message, async () => {
    show(await patch(pathOf(known.endpoint_id), { state: next }));
    return next === "PAUSED" ? "It is paused: what is for it gathers." : "It is enabled.";
  });
  changed();
}

async function test() {
  await act(byId("endpoint-test"), message, async () => {
    say(message, "Sending a test message …");
    const tested = await post(`${pathOf(known.endpoint_id)}/test`, {}, TEST_PATIENCE_MILLIS);
    const took = `${outcome(tested)}, in ${span(tested.took_ms / MILLIS)}`;
    message.dataset.level = tested.delivered ? "ok" : "critical";
    return [
      `The test message was ${tested.delivered ? "" : "not "}delivered: ${took}`,
      ...(tested.answer === null ? [] : [element("div", { class: "answer" }, shown(tested.answer))]),
    ];
  });
  refreshNow();
}

async function rotate(close) {
  const { endpoint_id: id } = known;
  const overlap = byId("rotate-overlap").value;
  const done = await act(byId("rotate-confirm"), message, async () => {
    const { secret, public_key: publicKey } = await post(`${pathOf(id)}/secret/rotate`, { overlap });
    if (secret !== undefined) {
      showSecret(secret, `What messages to ${id} are signed with from now on. It is shown this once: give it to who receives them.`);
    }
    return publicKey === undefined ? "It signs with a new secret." : `It signs with a new key: ${publicKey}`;
  });
  if (done) {
    close();
    changed();
  }
}

async function erase(close) {
  const { endpoint_id: id } = known;
  const typed = byId("delete-id");
  const done = await act(byId("delete-confirm"), message, async () => {
    if (typed.value !== id) {
      throw new Error("This is not its id, so nothing is deleted.");
    }
    await remove(pathOf(id));
    return "";
  });
  if (done) {
    close();
    dialog.close();
    refreshList();
    byId("endpoints-heading").focus();
    say(byId("endpoints-message"), `${id} is deleted.`);
  }
}

let fold = () => {};

function follow() {
  if (view().endpoint === "") {
    dialog.close();
    return;
  }
  known = null;
  fold();
  forgetAttempts();
  forgetDeadLetters();
  forgetReplays();
  say(message, "");
  say(byId("endpoint-heading"), "Endpoint");
  byId("endpoint-actions").hidden = true;
  tell("Looking for it …");
  if (!dialog.open) {
    dialog.showModal();
  }
  refreshNow();
}

function startForms() {
  const [rotateForm, deleteForm] = [byId("rotate-form"), byId("delete-form")];
  const closeRotate = unfold(byId("endpoint-rotate"), rotateForm, byId("rotate-overlap"));
  const closeDelete = unfold(byId("endpoint-delete"), deleteForm, byId("delete-id"));
  const submitted = (form, task) =>
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      task();
    });
  submitted(rotateForm, () => rotate(closeRotate));
  submitted(deleteForm, () => erase(closeDelete));
  fold = () => {
    closeRotate();
    closeDelete();
    deleteForm.reset();
  };
}

/** Opens the endpoint that the address names, and keeps it fresh; `list` has the list look at once. */
export function startEndpoint(list) {
  refreshList = list;
  startForms();
  startDeadLetters(() => refreshNow());
  startReplays(() => refreshNow());
  stateButton.addEventListener("click", toggle);
  byId("endpoint-test").addEventListener("click", test);
  byId("endpoint-change").addEventListener("click", () => openChange(pathOf(known.endpoint_id), known, changed));
  byId("endpoint-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    if (view().endpoint !== "") {
      change({ endpoint: "" });
    }
  });
  whenViewChanges((before) => {
    if (before.endpoint !== view().endpoint) {
      follow();
    }
  });
  refreshNow = repeat(refresh, REFRESH_MILLIS, () => dialog.open && !needsToken());
  if (view().endpoint !== "") {
    follow();
  }
  return refreshNow;
}
