// The page: which view is shown for which address, the stream that keeps it true, and what is said aloud.

import { setText } from "./dom.js";
import { Fleet } from "./fleet.js";
import { duration, plural } from "./format.js";
import { Live } from "./live.js";
import { NodesView } from "./nodes.js";

const SAY_MILLISECONDS = 2000;
const $ = (id) => document.getElementById(id);
const main = $("main");
const fleet = new Fleet();
let view = null;
let address = "";

// `#/node/orders/pricing/records?q=x` -> its parts, and what comes after the question mark.
function place() {
  const [path, query] = (location.hash.slice(1) || "/").split("?", 2);
  return { parts: path.split("/").slice(1).map(decode), query: new URLSearchParams(query), path };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// What is not on the first page is read when somebody goes there.
const VIEWS = {
  nodes: async ({ query }) => new NodesView(fleet, query),
  graph: async ({ query }) => new (await import("./graph.js")).GraphView(fleet, query),
  node: async ({ parts: [, domain, name, tab] }) => new (await import("./node.js")).NodeView(fleet, domain, name, tab),
};

async function show() {
  if (location.hash === "#main") return history.replaceState(null, "", `#${address || "/"}`), main.focus();
  const at = place(), [page, domain, name, tab] = at.parts;
  address = location.hash.slice(1);
  if (page === "node" && view?.shows?.(domain, name)) return view.turn(tab), finish(false);
  const wanted = page === "node" && domain && name ? "node" : page === "graph" ? "graph" : "nodes";
  if (view?.page === wanted && wanted !== "node") return view.turn(at.query);
  const first = !view, made = await VIEWS[wanted](at);
  if (address !== location.hash.slice(1)) return made.close?.(); // somebody was faster
  view?.close?.();
  view = made;
  main.replaceChildren(view.element);
  view.shown?.();
  finish(first);
}

// Who comes to another page by keyboard or ear begins at its heading.
function finish(first) {
  const current = view.page === "graph" ? "graph" : "nodes";
  for (const link of document.querySelectorAll("[data-page]")) {
    if (link.dataset.page === current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${view.title} · nodesmith`;
  if (!first) (view.heading ?? main.querySelector("h1"))?.focus();
}

function update() {
  view?.update?.();
  const health = fleet.health;
  if (!health) return;
  showBanner();
  setText($("version"), `nodesmith ${health.version}`);
}

// What makes the figures old: the stream is broken, or the registry itself does not hear the bus.
function showBanner() {
  const reasons = [];
  if (live.state === "away") reasons.push(`Out of date: nothing was heard of the registry ${live.heardAt ? `for ${duration((Date.now() - live.heardAt) / 1000)}` : "yet"}. Connecting again.`);
  else for (const reason of fleet.health?.reasons ?? []) reasons.push(`What is shown may be out of date: ${reason}`);
  const banner = $("banner"), text = reasons.join(" ");
  banner.hidden = !text;
  // Said once, not with every second that passes.
  const steady = text.replace(/for \d.*?\. /, "");
  banner.setAttribute("aria-live", banner.dataset.said === steady ? "off" : "polite");
  banner.dataset.said = steady;
  setText(banner, text);
  document.body.dataset.stale = text ? "yes" : "no";
}

function showLive(heard) {
  fleet.isLive = heard === "live";
  const state = heard === "live" && fleet.health?.reasons.length ? "old" : heard;
  const words = { live: "Live", connecting: "Connecting", away: "Out of date", old: "Out of date" };
  $("live").dataset.state = state;
  setText($("live-text"), words[state]);
  showBanner();
}

// Changes that matter, together where they come together; never figures.
const toSay = [];
let saying = 0;
function say(news) {
  toSay.push(news);
  saying ||= setTimeout(() => {
    saying = 0;
    const first = toSay.slice(0, 3).map(({ name, words }) => `${name} ${words}`);
    if (toSay.length > 3) first.push(`${plural(toSay.length - 3, "more change")}`);
    toSay.length = 0;
    $("said").textContent = first.join(". ");
  }, SAY_MILLISECONDS);
}

async function load() {
  try {
    await fleet.load();
    view?.reloaded?.();
  } catch {
    setTimeout(load, 1000); // the stream is broken as well, or the next one works
  }
}

fleet.onchange = () => requestAnimationFrame(update);
fleet.onnews = say;
fleet.oninstance = (change) => view?.instance?.(change);
addEventListener("hashchange", show);

const live = new Live({
  snapshot: ({ health }) => { fleet.takeHealth(health); load(); },
  change: (change) => fleet.take(change),
  summary: (health) => fleet.takeHealth(health),
  state: showLive,
});
show();
live.open();
