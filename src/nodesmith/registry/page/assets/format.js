// Numbers and times for people. What is not known is a dash, never a zero.

export const DASH = "–";
const known = (value) => typeof value === "number" && Number.isFinite(value);
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");
let ahead = 0;

// How far the registry's clock is ahead of this one: what it says of times is told by its own.
export function setServerTime(text) {
  const at = Date.parse(text);
  if (at) ahead = at - Date.now();
}

export const count = (value) => (!known(value) ? DASH : Math.abs(value) < 100_000 ? whole.format(value) : short.format(value));
export const rate = (value) => (!known(value) ? DASH : value === 0 ? "0/s" : value < 10 ? `${value.toFixed(1)}/s` : `${count(Math.round(value))}/s`);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

export function milliseconds(value) {
  if (!known(value)) return DASH;
  if (value >= 60_000) return duration(value / 1000);
  if (value >= 1000) return `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

// `2.4 / 18 ms`, with one unit where both have the same.
export function times(p50, p99) {
  const [low, high] = [milliseconds(p50), milliseconds(p99)];
  const unit = / (ms|s)$/.exec(low)?.[0];
  return low === DASH && high === DASH ? DASH : `${unit && high.endsWith(unit) ? low.slice(0, -unit.length) : low} / ${high}`;
}

export function duration(seconds) {
  if (!known(seconds)) return DASH;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

export function ago(text) {
  const at = Date.parse(text);
  return Number.isNaN(at) ? "" : `${duration((Date.now() + ahead - at) / 1000)} ago`;
}

export function clock(text) {
  const at = new Date(text);
  return text && !Number.isNaN(at.getTime()) ? at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }) : DASH;
}

// `onex.cmd.orders.pricing-requested.v1` in parts; another topic is all name.
export function topicParts(topic) {
  const said = /^onex\.([a-z]+)\.([^.]+)\.([^.]+)\.(v\d+)$/.exec(topic);
  return said ? { kind: said[1], domain: said[2], event: said[3], version: said[4] } : { kind: "", domain: "", event: topic, version: "" };
}

export const nodePath = (fullName, ...more) => {
  const at = fullName.indexOf("/");
  return ["#/node", ...[fullName.slice(0, at), fullName.slice(at + 1), ...more].map(encodeURIComponent)].join("/");
};
