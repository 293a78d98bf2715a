const KEPT_SECONDS = 900;
const STEP_SECONDS = 5;

/** A replica that was late with its report may still add to a second that was already read. */
const OVERLAP_SECONDS = 5;

/** Figures of the newest seconds count as those of now for so long. */
const FRESH_SECONDS = 6;

const ERRORS = ["invalid", "unauthenticated", "shed", "failed"];

const sum = (records, field) => records.reduce((total, record) => total + record[field], 0);
const errors = (records) => ERRORS.reduce((total, field) => total + sum(records, field), 0);

/** The mean per second, or null where no second was reported. */
const mean = (records, field) => (records.length ? sum(records, field) / records.length : null);

/** The last of the values that are known. */
const last = (records, field) => records.findLast((record) => record[field] !== null)?.[field] ?? null;

/** The p99 of many seconds is not known; the worst of theirs is at least as large. */
function worst(records, field) {
  const values = records.map((record) => record[field]).filter((value) => value !== null);
  return values.length ? Math.max(...values) : null;
}

/** The p50 of most transactions: the median of the seconds', each counted as often as it finished one. */
function typical(records) {
  const known = records
    .filter((record) => record.lateness_p50_seconds !== null)
    .sort((a, b) => a.lateness_p50_seconds - b.lateness_p50_seconds);
  let left = sum(known, "finished") / 2;
  return known.find((record) => (left -= record.finished) <= 0)?.lateness_p50_seconds ?? null;
}

/** Many seconds as one row of figures. */
export function summary(records) {
  return {
    accepted: mean(records, "accepted"),
    finished: mean(records, "finished"),
    waiting: last(records, "waiting"),
    overdue: last(records, "overdue"),
    p50: typical(records),
    p99: worst(records, "lateness_p99_seconds"),
    invalid: mean(records, "invalid"),
    unauthenticated: mean(records, "unauthenticated"),
    shed: mean(records, "shed"),
    failed: mean(records, "failed"),
    errorCount: records.length ? errors(records) : null,
    shedCount: sum(records, "shed"),
    failedCount: sum(records, "failed"),
    conflicting: sum(records, "conflicting"),
    replayed: sum(records, "replayed"),
    errorRate: records.length ? errors(records) / records.length : null,
  };
}

/** What the replicas did in the last 15 minutes, second by second; older seconds are forgotten. */
export class Activity {
  #seconds = new Map();
  #answer = null;

  /** The answer as it came last, or null. */
  get answer() {
    return this.#answer;
  }

  /** The database's clock at the last answer, in seconds since the epoch. */
  get now() {
    return Math.floor(Date.parse(this.#answer.current_time) / 1000);
  }

  /** From when to ask, or null for everything. */
  get since() {
    const newest = Math.max(...this.#seconds.keys());
    return Number.isFinite(newest) ? new Date((newest - OVERLAP_SECONDS) * 1000).toISOString() : null;
  }

  take(answer) {
    this.#answer = answer;
    for (const second of answer.seconds) {
      this.#seconds.set(Date.parse(second.at) / 1000, second);
    }
    for (const at of this.#seconds.keys()) {
      // Later than now is what another clock left behind, of a database that was replaced for example.
      if (at < this.now - KEPT_SECONDS || at > this.now + FRESH_SECONDS) {
        this.#seconds.delete(at);
      }
    }
  }

  /** What was reported for the newest seconds, as many as asked for; nothing if that was too long ago. */
  newest(length) {
    const newest = Math.max(...this.#seconds.keys());
    return newest < this.now - FRESH_SECONDS ? [] : this.#between(newest - length + 1, newest + 1);
  }

  /** All of the 15 minutes. */
  all() {
    return this.#between(this.now - KEPT_SECONDS, this.now + FRESH_SECONDS);
  }

  /** Columns for a chart: the times, and for each name given a value or null per step. */
  columns(names) {
    const end = Math.floor(this.now / STEP_SECONDS) * STEP_SECONDS;
    const times = [];
    const columns = names.map(() => []);
    for (let from = end - KEPT_SECONDS; from <= end; from += STEP_SECONDS) {
      const figures = summary(this.#between(from, from + STEP_SECONDS));
      times.push(from);
      names.forEach((name, i) => columns[i].push(figures[name]));
    }
    return [times, ...columns];
  }

  /** The minutes, newest first, each with its start and its figures. */
  minutes() {
    const end = Math.floor(this.now / 60) * 60;
    return Array.from({ length: KEPT_SECONDS / 60 }, (_, i) => {
      const start = end - i * 60;
      return { start, ...summary(this.#between(start, start + 60)) };
    });
  }

  #between(from, to) {
    const records = [];
    for (let at = from; at < to; at++) {
      const record = this.#seconds.get(at);
      if (record) {
        records.push(record);
      }
    }
    return records;
  }
}
