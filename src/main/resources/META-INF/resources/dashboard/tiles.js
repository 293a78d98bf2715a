import { byId, element, say } from "./dom.js";
import { summary } from "./activity.js";
import { compact, count, moment, rate, span } from "./format.js";

const WORDS = { ok: "", warning: "Warning", critical: "Critical" };

/** Seconds of delay that call for a look, and for a hand. */
const WARNING_SECONDS = 1;
const CRITICAL_SECONDS = 10;

/** Of what should have gone, as the alert for it counts. */
const KEEPS_TOO_LONG_SECONDS = 86_400;

const tiles = new Map();

function tile(id) {
  if (!tiles.has(id)) {
    const parts = {
      root: byId(id),
      level: element("p", { class: "level" }),
      value: element("span", { class: "value" }),
      unit: element("span", { class: "unit" }),
      note: element("p", { class: "note" }),
    };
    parts.root.append(element("p", { class: "figure" }, parts.value, parts.unit), parts.note, parts.level);
    tiles.set(id, parts);
  }
  return tiles.get(id);
}

function show(id, { value, unit = "", note = "", level = "ok" }) {
  const parts = tile(id);
  parts.root.dataset.level = level;
  say(parts.value, value);
  say(parts.unit, unit);
  say(parts.note, note);
  say(parts.level, WORDS[level]);
  return level;
}

function levelOf(seconds) {
  if (seconds === null || seconds <= WARNING_SECONDS) {
    return "ok";
  }
  return seconds > CRITICAL_SECONDS ? "critical" : "warning";
}

function overdue(answer) {
  const { overdue: amount, oldest_overdue_seconds: oldest } = answer;
  return show("tile-overdue", {
    value: count(amount),
    note: amount === null ? "Not measured yet" : amount > 0 ? `Oldest ${span(oldest)} late` : "Nothing is late",
    level: amount > 0 ? levelOf(oldest) : "ok",
  });
}

function errors(figures, noReport) {
  const kinds = ["failed", "shed", "unauthenticated", "invalid"].filter((kind) => figures[kind] > 0);
  return show("tile-errors", {
    value: rate(figures.errorRate),
    unit: "/s",
    note: kinds.length ? kinds.map((kind) => `${rate(figures[kind])} ${kind}`).join(", ") : noReport || "None in 10 s",
    level: figures.failedCount > 0 ? "critical" : figures.shedCount > 0 ? "warning" : "ok",
  });
}

/** What was kept long enough; shown where anything goes at all. */
function gone({ keeping }) {
  const isShown = keeping !== null && keeping !== undefined; // An earlier version does not say.
  byId("tile-gone").hidden = !isShown;
  if (!isShown) {
    return "ok";
  }
  const { keep, archived, gone: amount, behind_seconds: behind, failing_since: failing } = keeping;
  const kept = keep === null ? "Kept for ever" : archived ? `Archived after ${keep}` : `Kept for ${keep}`;
  return show("tile-gone", {
    value: compact(amount),
    note: failing !== null ? `Fails since ${moment(failing).slice(0, 16)} UTC` : behind > 0 ? `${kept}, ${span(behind)} behind` : kept,
    level: failing !== null || behind > KEEPS_TOO_LONG_SECONDS ? "warning" : "ok",
  });
}

/** Shows the figures of now, and returns how they stand: ok, warning or critical, one for each tile. */
export function showTiles(activity) {
  const { answer } = activity;
  const three = summary(activity.newest(3));
  const ten = summary(activity.newest(10));
  const all = summary(activity.all());
  const silent = ten.accepted === null;
  const noReport = silent ? "No replica has reported" : "";
  return [
    show("tile-accepts", {
      value: rate(three.accepted),
      unit: "/s",
      note: noReport || (ten.replayed > 0 ? `${count(ten.replayed)} replayed in 10 s` : "Mean of 3 s"),
    }),
    show("tile-finishes", { value: rate(three.finished), unit: "/s", note: noReport || "Mean of 3 s" }),
    show("tile-waiting", {
      value: count(answer.waiting),
      note: answer.waiting === null ? "Not measured yet" : "Not finished yet",
    }),
    overdue(answer),
    show("tile-lateness", {
      value: span(ten.p99),
      unit: ten.p99 === null ? "" : "p99",
      note: ten.p50 === null ? noReport || "None finished in 10 s" : `p50 ${span(ten.p50)}, in 10 s`,
      level: levelOf(ten.p99),
    }),
    errors(ten, noReport),
    show("tile-conflicts", {
      // The ledger is counted less often than the seconds are, and has at least what they tell.
      value: count(Math.max(answer.conflicts ?? 0, all.conflicting)),
      note: `${count(all.conflicting)} in 15 min`,
    }),
    gone(answer),
  ];
}
