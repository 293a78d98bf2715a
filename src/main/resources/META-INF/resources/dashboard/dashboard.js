import { Activity } from "./activity.js";
import { get, needsToken } from "./api.js";
import { prepareCharts, showCharts } from "./charts.js";
import { databaseNow, setClock } from "./clock.js";
import { startConflicts } from "./conflicts.js";
import { startDetail } from "./detail.js";
import { byId, element, say } from "./dom.js";
import { startEndpoint } from "./endpoint.js";
import { startEndpoints } from "./endpoints.js";
import { clock } from "./format.js";
import { isPaused, pause, repeat } from "./repeat.js";
import { startSources } from "./sources.js";
import { showTiles } from "./tiles.js";
import { startToken } from "./token.js";
import { startTransactions } from "./transactions.js";

const POLL_MILLIS = 1000;

const activity = new Activity();
let lastAnswer = null;
let since = null;
let conflictsSeen = null;

function setState(state, text) {
  const node = byId("state");
  node.dataset.state = state;
  say(node, text);
  document.title = state === "live" ? "Tallyhook" : `(!) ${text} – Tallyhook`;
}

function setProblem(text) {
  byId("problem").hidden = text === "";
  say(byId("problem"), text);
  document.body.toggleAttribute("data-stale", text !== "");
}

function showReplicas(names) {
  const node = byId("replicas");
  node.dataset.level = names.length === 0 ? "critical" : "ok";
  node.title = names.join(", ");
  const amount = names.length === 1 ? "1 replica" : `${names.length} replicas`;
  say(byId("replicas-count"), names.length === 0 ? "No replica reports" : amount);
  const list = byId("replicas-names");
  if (list.textContent !== names.join("")) {
    list.replaceChildren(...names.map((name) => element("li", {}, name)));
  }
}

function showHealth(levels) {
  const count = (level) => levels.filter((each) => each === level).length;
  const [critical, warnings] = [count("critical"), count("warning")];
  const told = [
    ...(critical > 0 ? [`${critical} critical`] : []),
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? "warning" : "warnings"}`] : []),
  ];
  const state = critical > 0 ? "critical" : warnings > 0 ? "warning" : "live";
  setState(state, told.length > 0 ? `Live, ${told.join(", ")}` : "Live");
}

function show() {
  const { answer } = activity;
  const levels = [...showTiles(activity), answer.replicas.length === 0 ? "critical" : "ok"];
  showReplicas(answer.replicas);
  say(byId("time"), `${clock(databaseNow())} UTC`);
  byId("time").dateTime = answer.current_time;
  showCharts(activity);
  showHealth(levels);
}

async function poll() {
  try {
    const answer = await get("v1/activity", { since: activity.since });
    activity.take(answer);
    setClock(answer.current_time);
    lastAnswer = Date.now();
    since = null;
    setProblem("");
    show();
    if (conflictsSeen !== null && conflictsSeen !== answer.conflicts) {
      refreshConflicts();
    }
    conflictsSeen = answer.conflicts;
  } catch (error) {
    tell(error);
    throw error;
  }
}

function tell(error) {
  if (error.status === 401) {
    since = null;
    setProblem(lastAnswer === null ? "" : "Shown is what was last answered.");
    setState("token", "Needs a token");
    return;
  }
  since ??= Date.now();
  const when = clock(since);
  setState("away", error.status === 0 ? `No answer since ${when} UTC` : `Not served since ${when} UTC`);
  const shown = lastAnswer === null ? "" : ` Shown is what was answered at ${clock(lastAnswer)} UTC.`;
  setProblem(`${error.message}${shown} Trying again.`);
}

function startPause() {
  const button = byId("pause");
  button.addEventListener("click", () => {
    pause(!isPaused());
    button.setAttribute("aria-pressed", isPaused());
    if (isPaused()) {
      setState("paused", `Paused at ${clock(databaseNow())} UTC`);
    }
  });
}

/** The list of replicas lies over what is below it, so it goes away by itself. */
function startReplicas() {
  const details = byId("replicas");
  addEventListener("click", (event) => {
    if (!details.contains(event.target)) {
      details.open = false;
    }
  });
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      details.open = false;
      details.querySelector("summary").focus();
    }
  });
}

/** Places on the page are reached without the address, which holds the filters. */
function startJumps() {
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("main").focus();
  });
  for (const link of document.querySelectorAll("[data-jump]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      byId(`${link.dataset.jump}-heading`).focus();
      byId(`${link.dataset.jump}-section`).scrollIntoView();
    });
  }
}

prepareCharts();
startPause();
startJumps();
startReplicas();
const repeating = [];
startToken(
  () => repeating.forEach((now) => now()),
  () => tell({ status: 401 }),
);
const refreshConflicts = startConflicts();
const refreshEndpoints = startEndpoints();
repeating.push(
  repeat(poll, POLL_MILLIS, () => !needsToken()),
  startTransactions(),
  startDetail(),
  refreshConflicts,
  startSources(),
  refreshEndpoints,
  startEndpoint(refreshEndpoints),
);
byId("minutes").addEventListener("toggle", () => activity.answer && showCharts(activity));
