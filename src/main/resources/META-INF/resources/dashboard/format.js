const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

/** What stands where there is no figure. */
export const NOTHING = "–";

export const orNothing = (format) => (value) => (value === null || value === undefined ? NOTHING : format(value));

export const count = orNothing((value) => WHOLE.format(value));

export const rate = orNothing((value) => (value === 0 ? "0" : value < 10 ? TENTHS.format(value) : WHOLE.format(value)));

export const compact = orNothing((value) => COMPACT.format(value));

/** A span of time in words that fit its size. */
export const span = orNothing((seconds) => {
  if (seconds < 0.00005) {
    return "0 ms";
  }
  if (seconds < 0.9995) {
    return seconds < 0.00995 ? `${+(seconds * 1000).toFixed(1)} ms` : `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 99.95) {
    return seconds < 9.995 ? `${seconds.toFixed(2)} s` : `${seconds.toFixed(1)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min ${Math.floor(seconds % 60)} s`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${WHOLE.format(hours / 24)} days`;
});

/** The time of day, UTC, of milliseconds since the epoch. */
export const clock = orNothing((milliseconds) => new Date(milliseconds).toISOString().slice(11, 19));

/** Day and time, UTC, to the millisecond. */
export const moment = orNothing((text) => {
  const iso = new Date(text).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`;
});

/** The time alone where the day is today's; `now` in milliseconds. */
export function recent(text, now) {
  const whole = moment(text);
  return new Date(now).toISOString().startsWith(whole.slice(0, 10)) ? whole.slice(11, 19) : whole.slice(0, 19);
}

/** What was entered into a field of date and time, in UTC, as the service reads times; nothing if nothing was. */
export const entered = (text) => (text === "" ? "" : `${text.length === 16 ? `${text}:00` : text}Z`);

/** In the words and the zone of this browser. */
export function local(text) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" }).format(new Date(text));
}

/** Microseconds within the second: dates in JavaScript end at the millisecond, the ledger does not. */
function micros(text) {
  return Number((/\.(\d+)/.exec(text)?.[1] ?? "").padEnd(6, "0").slice(0, 6));
}

const wholeSecond = (text) => Math.floor(Date.parse(text) / 1000);

/** Seconds from one time to another, to the microsecond. */
export function secondsBetween(from, to) {
  return wholeSecond(to) - wholeSecond(from) + (micros(to) - micros(from)) / 1e6;
}

/** The first time after the one given, so that an exclusive limit still takes it in. */
export function justAfter(text) {
  const next = micros(text) + 1;
  const second = wholeSecond(text) + (next === 1e6 ? 1 : 0);
  return `${new Date(second * 1000).toISOString().slice(0, 19)}.${String(next % 1e6).padStart(6, "0")}Z`;
}

const STATUSES = { PROCESSING: "Processing", PROCESSED: "Processed", HELD: "Held" };

/** A status in words; one of a later version as it is. */
export const statusName = (status) => STATUSES[status] ?? status;

const STATES = { ENABLED: "Enabled", PAUSED: "Paused", DISABLED: "Disabled" };

/** The state of an endpoint in words; one of a later version as it is. */
export const stateName = (state) => STATES[state] ?? state;

/** A name of the API's in words. */
export const words = (name) => name.toLowerCase().replaceAll("_", " ");
