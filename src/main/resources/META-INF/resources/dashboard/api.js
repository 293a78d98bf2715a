import { parse, write } from "./json.js";

const KEY = "tallyhook.token";
const PATIENCE_MILLIS = 8000;

/** An answer that is not the one asked for; status 0 where there was none. */
export class ApiError extends Error {
  constructor(status, detail, violations = []) {
    super(detail);
    this.status = status;
    this.violations = violations;
  }
}

let token = remembered();
let refused = false;
let onRefused = () => {};

function remembered() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(value) {
  try {
    if (value === null) {
      sessionStorage.removeItem(KEY);
    } else {
      sessionStorage.setItem(KEY, value);
    }
  } catch {
    // Without storage the token lasts as long as the page.
  }
}

/** Whom to tell, once, that a token is needed; it is told whether one was shown. */
export function whenRefused(listener) {
  onRefused = listener;
}

export const hasToken = () => token !== null;

/** True from the first 401 until a token is taken: nothing is asked meanwhile, so that no refusals are counted. */
export const needsToken = () => refused;

export function useToken(value) {
  token = value;
  refused = false;
  remember(value);
}

export function forgetToken() {
  token = null;
  remember(null);
}

/** Whether the service takes this token; any other trouble is thrown. */
export async function isAccepted(candidate) {
  try {
    await ask("v1/activity", { since: new Date().toISOString() }, candidate);
    return true;
  } catch (error) {
    if (error.status === 401) {
      return false;
    }
    throw error;
  }
}

/** Reads from the service; parameters that are empty or null are left out. */
export const get = (path, parameters = {}, signal = undefined) =>
  withToken((shown) => ask(path, parameters, shown, { signal }));

/** Tells the service to do something; what asks others for its answer may need more patience. */
export const post = (path, body, patienceMillis = PATIENCE_MILLIS) =>
  withToken((shown) => ask(path, {}, shown, { method: "POST", body, patienceMillis }));

/** Posts as a sender who does not sign; whether it is let in has nothing to do with the token. */
export const postOpenly = (path, body) => ask(path, {}, null, { method: "POST", body });

/** Changes what is named, and leaves the rest as it is. */
export const patch = (path, body) => withToken((shown) => ask(path, {}, shown, { method: "PATCH", body }));

/** Deletes what is at the path; null where nothing is left to be told. */
export const remove = (path) => withToken((shown) => ask(path, {}, shown, { method: "DELETE" }));

async function withToken(asking) {
  if (refused) {
    throw new ApiError(401, "The service needs a token.");
  }
  const shown = token;
  try {
    return await asking(shown);
  } catch (error) {
    // An answer to an older token says nothing about the one in use.
    if (error.status === 401 && shown === token && !refused) {
      refused = true;
      onRefused(shown !== null);
    }
    throw error;
  }
}

async function ask(path, parameters, bearer, { signal, method = "GET", body, patienceMillis = PATIENCE_MILLIS } = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given).toString();
  const limit = AbortSignal.timeout(patienceMillis);
  let answer;
  let text;
  try {
    answer = await fetch(query ? `${path}?${query}` : path, {
      method,
      ...(body === undefined ? {} : { body: write(body) }),
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
      },
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    text = await answer.text();
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new ApiError(0, limit.aborted ? "The service did not answer in time." : "The service cannot be reached.");
  }
  return read(answer, text);
}

const NO_CONTENT = 204;

function read(answer, text) {
  if (answer.status === NO_CONTENT) {
    return null;
  }
  let body;
  try {
    body = parse(text);
  } catch {
    body = null;
  }
  if (answer.ok && body !== null) {
    return body;
  }
  const told = [answer.status, answer.statusText].join(" ").trim();
  throw new ApiError(answer.ok ? 0 : answer.status, body?.detail ?? body?.title ?? `The answer was ${told}.`, body?.errors ?? []);
}
