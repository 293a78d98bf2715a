import { act } from "./act.js";
import { patch, post } from "./api.js";
import { byId, say } from "./dom.js";
import { showSecret } from "./secret.js";

const dialog = byId("endpoint-form-dialog");
const form = byId("endpoint-form");
const message = byId("endpoint-form-message");
const confirm = byId("endpoint-form-confirm");

const LISTS = ["sources", "types", "currencies", "accounts"];
const FIELDS = ["url", "description", ...LISTS, "amount_min"];

/** Of a new one alone. */
const NEW = ["signature", "secret"];

let submit = async () => {};

const lines = (text) => text.split(/\r?\n/).filter((line) => line !== "");
const orNull = (text) => (text === "" ? null : text);

/** What was entered; what is empty is null. */
function entered() {
  const { elements } = form;
  const listed = LISTS.map((name) => [name, lines(elements[name].value)]);
  return {
    url: elements.url.value.trim(),
    description: orNull(elements.description.value),
    events: [...elements.events].filter((box) => box.checked).map((box) => box.value),
    ...Object.fromEntries(listed.map(([name, entries]) => [name, entries.length > 0 ? entries : null])),
    amount_min: orNull(elements.amount_min.value.trim()),
  };
}

function fill(endpoint) {
  for (const name of FIELDS) {
    const value = endpoint[name] ?? "";
    form.elements[name].value = Array.isArray(value) ? value.join("\n") : value;
  }
  for (const box of form.elements.events) {
    box.checked = endpoint.events.includes(box.value);
  }
}

function mark(violations) {
  const named = new Set(violations.map((violation) => violation.field));
  for (const name of [...FIELDS, ...NEW]) {
    form.elements[name].setAttribute("aria-invalid", named.has(name));
  }
}

function open(heading, endpoint) {
  form.reset();
  fill(endpoint);
  mark([]);
  say(message, "");
  say(byId("endpoint-form-heading"), heading);
  byId("endpoint-form-new").hidden = endpoint.endpoint_id !== undefined;
  say(confirm, endpoint.endpoint_id === undefined ? "Create" : "Change");
  dialog.showModal();
  form.elements.url.focus();
}

/** Asks for an endpoint and makes it; `made` is called with it. */
export function openNewEndpoint(made) {
  open("New endpoint", { events: ["transaction.processed"] });
  submit = async () => {
    const { signature, secret } = form.elements;
    const given = Object.entries(entered()).filter(([, value]) => value !== null);
    const endpoint = await post("v1/endpoints", {
      ...Object.fromEntries(given),
      signature: signature.value,
      ...(secret.value === "" ? {} : { secret: secret.value.trim() }),
    });
    dialog.close();
    made(endpoint);
    if (endpoint.secret !== undefined) {
      showSecret(endpoint.secret, `What messages to ${endpoint.endpoint_id} are signed with. It is shown this once: give it to who receives them.`);
    }
    return "";
  };
}

/** Asks what is to be otherwise about an endpoint, and changes it; `changed` is called then. */
export function openChange(path, endpoint, changed) {
  open(`Change ${endpoint.endpoint_id}`, endpoint);
  submit = async () => {
    await patch(path, entered());
    dialog.close();
    changed();
    return "";
  };
}

export function startEndpointForm() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    mark([]);
    act(confirm, message, async () => {
      try {
        return await submit();
      } catch (error) {
        mark(error.violations ?? []);
        throw error;
      }
    });
  });
  byId("endpoint-form-cancel").addEventListener("click", () => dialog.close());
  // A secret that was entered is to stay nowhere.
  dialog.addEventListener("close", () => form.reset());
}
