import { element } from "./dom.js";
import { isResting } from "./endpoints.js";
import { count, local, moment, NOTHING, stateName, words } from "./format.js";
import { shown } from "./text.js";

function time(text) {
  return text === null ? NOTHING : element("time", { datetime: text, title: local(text) }, `${moment(text)} UTC`);
}

function entry(name, ...value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, ...value));
}

/** Texts one below the other; nothing where there is no filter. */
const listed = (name, texts) => (texts === null ? [] : [entry(name, ...texts.map((text) => element("div", {}, shown(text))))]);

function state(endpoint) {
  const badge = element("span", { class: "status" }, stateName(endpoint.state));
  badge.dataset.status = endpoint.state;
  return endpoint.state === "DISABLED"
    ? [badge, ` because ${words(endpoint.disabled_because)}, since `, time(endpoint.disabled_at)]
    : [badge];
}

function keys({ secrets, public_key: publicKey }) {
  const signing =
    secrets === null
      ? ["This replica cannot open them"]
      : secrets.map(({ hint, expires_at: end }) => element("div", {}, hint, ...(end === null ? [] : [" until ", time(end)])));
  return [
    entry("Signs with", ...signing),
    ...(publicKey === undefined ? [] : [entry("Public key", element("code", {}, publicKey))]),
  ];
}

/** An endpoint as a description of all that is known of it. */
export function describe(endpoint) {
  return element(
    "dl",
    {},
    entry("URL", shown(endpoint.url)),
    ...(endpoint.description === null ? [] : [entry("Description", shown(endpoint.description))]),
    entry("State", ...state(endpoint)),
    entry("Waiting", endpoint.waiting === null ? "Not counted yet" : count(endpoint.waiting)),
    entry("Dead letters", count(endpoint.dead_letters)),
    entry("Last delivered", time(endpoint.delivered_at)),
    entry(
      "Failing since",
      time(endpoint.failing_since),
      ...(endpoint.failures > 0 ? [`, ${count(endpoint.failures)} ${endpoint.failures === 1 ? "attempt" : "attempts"} in a row`] : []),
    ),
    ...(isResting(endpoint) ? [entry("Left alone until", time(endpoint.retry_at))] : []),
    entry("Told of", ...endpoint.events.map((event) => element("div", {}, event))),
    ...listed("Of sources", endpoint.sources),
    ...listed("Of types", endpoint.types),
    ...listed("In currencies", endpoint.currencies),
    ...listed("From or to accounts", endpoint.accounts),
    ...(endpoint.amount_min === null ? [] : [entry("Amounts from", endpoint.amount_min)]),
    entry("Signature", endpoint.signature),
    ...keys(endpoint),
    entry("Set in", endpoint.configured ? "The configuration, where it is changed too" : "The API"),
    entry("Created", time(endpoint.created_at)),
  );
}
