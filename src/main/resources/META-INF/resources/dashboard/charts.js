import { Chart } from "./chart.js";
import { byId, element } from "./dom.js";
import { clock, count, rate, span } from "./format.js";

const DEFINITIONS = [
  {
    id: "rates",
    title: "Accepts and finishes",
    unit: "per second",
    format: rate,
    series: [
      { name: "accepted", label: "Accepts" },
      { name: "finished", label: "Finishes", dash: [6, 4] },
    ],
  },
  {
    id: "backlog",
    title: "Backlog",
    unit: "transactions",
    format: count,
    series: [
      { name: "waiting", label: "Waiting" },
      { name: "overdue", label: "Overdue", dash: [6, 4] },
    ],
  },
  {
    id: "lateness",
    title: "Lateness",
    unit: "from due to finished, logarithmic",
    format: span,
    logarithmic: true,
    series: [
      { name: "p99", label: "p99" },
      { name: "p50", label: "p50", dash: [6, 4] },
    ],
  },
  {
    id: "errors",
    title: "Errors",
    unit: "per second",
    format: rate,
    series: [
      { name: "failed", label: "Failed" },
      { name: "shed", label: "Shed", dash: [6, 4] },
      { name: "unauthenticated", label: "Unauthenticated", dash: [2, 3] },
      { name: "invalid", label: "Invalid", dash: [10, 3, 2, 3] },
    ],
  },
];

let charts = [];

/** Sets the charts up, or says that they are not there: the figures do not depend on them. */
export function prepareCharts() {
  if (globalThis.uPlot === undefined) {
    byId("charts").append(element("p", { class: "empty" }, "The charts could not be loaded."));
    return;
  }
  charts = DEFINITIONS.map((definition) => new Chart(definition, byId("charts")));
  document.addEventListener("themechange", () => charts.forEach((chart) => chart.redraw()));
}

export function showCharts(activity) {
  const names = charts.flatMap((chart) => chart.names);
  const [times, ...columns] = activity.columns(names);
  for (const chart of charts) {
    chart.show(times, columns.splice(0, chart.names.length));
  }
  showMinutes(activity);
}

function showMinutes(activity) {
  const details = byId("minutes");
  if (!details.open) {
    return;
  }
  const rows = activity.minutes().map((minute) => {
    const figures = [
      rate(minute.accepted),
      rate(minute.finished),
      count(minute.waiting),
      count(minute.overdue),
      span(minute.p50),
      span(minute.p99),
      count(minute.errorCount),
    ];
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, clock(minute.start * 1000).slice(0, 5)),
      ...figures.map((figure) => element("td", {}, figure)),
    );
  });
  details.querySelector("tbody").replaceChildren(...rows);
}
