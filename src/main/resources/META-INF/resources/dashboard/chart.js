import { element, say } from "./dom.js";
import { NOTHING, clock, compact } from "./format.js";

const WINDOW_SECONDS = 900;
const HEIGHT = 180;
const AXIS_WIDTH = 54;
const LOWEST_LOGARITHM = -4;

/** A point without neighbours would be a line without length; such points are drawn as dots. */
function lonely(chart, series) {
  const values = chart.data[series];
  const found = [];
  values.forEach((value, i) => {
    if (value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null) {
      found.push(i);
    }
  });
  return found;
}

function linear(_, __, max) {
  return [0, Math.max(1, (max ?? 0) * 1.1)];
}

/** Whole decades, and never fewer than from 1 ms to 1 s, so that small changes look small. */
function decades(_, min, max) {
  const low = Math.max(LOWEST_LOGARITHM, Math.floor(Math.log10(min ?? 1)));
  const high = Math.ceil(Math.log10(max ?? 1));
  return [10 ** Math.min(-3, low), 10 ** Math.max(0, high)];
}

/** Lines at the decades only; the ones between would crowd the chart. */
function decadeLines(_, __, low, high) {
  const first = Math.round(Math.log10(low));
  return Array.from({ length: Math.round(Math.log10(high)) - first + 1 }, (_, i) => 10 ** (first + i));
}

const decadeName = (value) => (value < 1 ? `${+(value * 1000).toPrecision(1)} ms` : `${value} s`);

const translucent = (color) => color.replace("rgb(", "rgba(").replace(")", ", 0.08)");

/** One chart with its heading, its legend, and the same in words for those who do not see it. */
export class Chart {
  #definition;
  #times = [];
  #columns = [];
  #plot = null;
  #holder = element("div", { class: "plot", role: "img" });
  #when = element("span", { class: "when" });
  #entries;

  constructor(definition, parent) {
    this.#definition = definition;
    this.#entries = definition.series.map(({ name, label }) => {
      const swatch = element("span", { class: `swatch series-${name}`, "aria-hidden": "true" });
      const value = element("span", { class: "value", "data-series": name }, NOTHING);
      return { swatch, value, item: element("li", {}, swatch, label, " ", value) };
    });
    const legend = element("ul", { class: "legend" }, ...this.#entries.map((entry) => entry.item));
    const heading = element("h3", {}, definition.title, " ", element("span", { class: "aside" }, definition.unit));
    const caption = element("figcaption", {}, heading, this.#when, legend);
    parent.append(element("figure", { class: "chart", id: `chart-${definition.id}` }, caption, this.#holder));
    new ResizeObserver(() => this.#resize()).observe(this.#holder);
  }

  get names() {
    return this.#definition.series.map((series) => series.name);
  }

  show(times, columns) {
    this.#times = times;
    this.#columns = columns;
    this.#plot ??= this.#draw();
    this.#plot.setData(this.#data());
    this.#legend(this.#plot.cursor.idx);
    this.#describe();
  }

  /** Colours belong to the theme. */
  redraw() {
    this.#plot?.destroy();
    this.#plot = this.#times.length > 0 ? this.#draw() : null;
  }

  #data() {
    const { logarithmic } = this.#definition;
    const lowest = 10 ** LOWEST_LOGARITHM;
    const above = (value) => (value === null ? null : Math.max(lowest, value));
    return [this.#times, ...(logarithmic ? this.#columns.map((column) => column.map(above)) : this.#columns)];
  }

  #draw() {
    const { logarithmic, series } = this.#definition;
    const style = getComputedStyle(this.#holder);
    const axis = {
      stroke: style.color,
      grid: { stroke: style.borderTopColor, width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    const label = logarithmic ? decadeName : compact;
    const lines = series.map(({ name, dash }, i) => {
      const stroke = getComputedStyle(this.#entries[i].swatch).color;
      const fill = i === 0 && !logarithmic ? translucent(stroke) : undefined;
      return { label: name, stroke, fill, dash, width: 2, points: { show: true, size: 5, fill: stroke, filter: lonely } };
    });
    const options = {
      width: this.#width(),
      height: HEIGHT,
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: "activity" } },
      scales: {
        x: { time: true, range: () => [this.#end() - WINDOW_SECONDS, this.#end()] },
        y: logarithmic ? { distr: 3, range: decades } : { range: linear },
      },
      axes: [
        { ...axis, size: 30, space: 70, values: (_, at) => at.map((second) => clock(second * 1000).slice(0, 5)) },
        {
          ...axis,
          size: AXIS_WIDTH,
          values: (_, at) => at.map(label),
          ...(logarithmic ? { splits: decadeLines, filter: (_, at) => at } : {}),
        },
      ],
      series: [{}, ...lines],
      hooks: { setCursor: [(plot) => this.#legend(plot.cursor.idx)] },
    };
    return new uPlot(options, this.#data(), this.#holder);
  }

  #end() {
    return this.#times.at(-1);
  }

  #width() {
    return Math.max(200, Math.floor(this.#holder.getBoundingClientRect().width));
  }

  #resize() {
    if (this.#plot && this.#plot.width !== this.#width()) {
      this.#plot.setSize({ width: this.#width(), height: HEIGHT });
    }
  }

  /** The figures under the pointer, or else the newest, of which the last step may have none yet. */
  #legend(under) {
    const end = this.#times.length - 1;
    const newest = [end, end - 1].find((i) => this.#columns.some((column) => (column[i] ?? null) !== null));
    const index = under ?? newest;
    say(this.#when, under === null || under === undefined ? "" : clock(this.#times[under] * 1000));
    this.#entries.forEach(({ value }, i) => say(value, this.#definition.format(this.#columns[i]?.[index])));
  }

  #describe() {
    const { title, series, format } = this.#definition;
    const told = series.map(({ label }, i) => {
      const known = this.#columns[i].filter((value) => value !== null);
      return known.length
        ? `${label}: newest ${format(known.at(-1))}, highest ${format(Math.max(...known))}`
        : `${label}: nothing reported`;
    });
    this.#holder.setAttribute("aria-label", `${title}, last 15 minutes. ${told.join("; ")}.`);
  }
}
