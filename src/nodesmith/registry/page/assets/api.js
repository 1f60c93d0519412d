// The registry's API. Errors have words for people, and what to do about it.

import { setServerTime } from "./format.js";

export class Problem extends Error {
  constructor(status, code, message, fix) {
    super(message);
    Object.assign(this, { status, code, fix });
  }
}

export const getJson = (path, signal) => ask(path, { signal });

// `body` is a text already where numbers in it are larger than JavaScript's.
export const postJson = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) });

export const nodeApi = (domain, name, more = "") => `/api/v1/nodes/${encodeURIComponent(domain)}/${encodeURIComponent(name)}${more}`;

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { Accept: "application/json", ...options.headers }, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "away", "The registry does not answer.", "See whether it still runs; this page goes on trying.");
  }
  if (response.status === 401) {
    location.assign("/login");
    return new Promise(() => {}); // the page is on its way out
  }
  setServerTime(response.headers.get("Date"));
  const text = await response.text();
  let document;
  try {
    document = parse(text);
  } catch {
    throw new Problem(response.status, "no-json", `The registry answered something that is no JSON (${response.status}).`, "");
  }
  if (response.ok) return document;
  const error = document?.error ?? {};
  throw new Problem(response.status, error.code ?? "", error.message ?? `The registry refused (${response.status}).`, error.fix ?? "");
}

// Whole numbers that JavaScript would round stay as they are, where the browser can tell.
export const parse = (text) =>
  JSON.parse(text, (_key, value, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "") ? BigInt(context.source) : value);
