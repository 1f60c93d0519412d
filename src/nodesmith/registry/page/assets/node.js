// One node: how it is, what it does, a form for each operation, its instances, its last records and its dead letters.

import { getJson, nodeApi } from "./api.js";
import { archetypeIcon, arrange, badge, breakable, el, outside, Pager, pair, setAttribute, setBreakable, setText, spark, sparkline } from "./dom.js";
import { ago, clock, count, DASH, duration, milliseconds, nodePath, plural, rate, times } from "./format.js";
import { Operation } from "./operation.js";
import { DeadLetters, Records } from "./records.js";

const ROWS = 50;
const REREAD_MILLISECONDS = 2000;
const TABS = { operations: "Operations", instances: "Instances", records: "Records", "dead-letters": "Dead letters", contract: "Contract" };

export class NodeView {
  page = "node";

  constructor(fleet, domain, name, tab) {
    this._fleet = fleet;
    this._domain = domain;
    this._name = name;
    this._full = `${domain}/${name}`;
    this.title = this._full;
    this._instances = new Map();
    this._rows = new Map();
    this._stats = [];
    this._details = undefined;
    this._stop = new AbortController();
    this._makeHead();
    this._makeInstances();
    this._panels = new Map([
      ["operations", el("div", {}, el("p", { class: "muted" }, "Asking the node …"))],
      ["instances", el("div", {}, this._instancesPart)],
      ["records", el("div", {})],
      ["dead-letters", el("div", {})],
      ["contract", el("div", {})],
    ]);
    this._tabs = el("nav", { class: "tabs", "aria-label": `About ${this._full}` }, Object.entries(TABS).map(([key, label]) => el("a", { href: nodePath(this._full, key), "data-tab": key }, label)));
    this._panel = el("section", { class: "card panel" });
    this.element = el("div", { class: "view" }, this._head, this._alerts, this._figures, this._tabs, this._panel);
    this.turn(tab);
    this.update();
    this._read();
  }

  shows(domain, name) {
    return domain === this._domain && name === this._name;
  }

  turn(tab) {
    this._tab = tab in TABS ? tab : "operations";
    this.title = `${this._full}: ${TABS[this._tab]}`;
    for (const link of this._tabs.children) setAttribute(link, "aria-current", link.dataset.tab === this._tab ? "page" : null);
    const heading = el("h2", { tabindex: "-1" }, TABS[this._tab]);
    this.heading = tab ? heading : this._h1;
    this._panel.replaceChildren(heading, this._panels.get(this._tab));
    if (this._tab === "records") this._openOnce("records", () => new Records(this._domain, this._name));
    if (this._tab === "dead-letters") this._openOnce("dead-letters", () => new DeadLetters(this._domain, this._name));
    this.update();
  }

  close() {
    this._stop.abort();
  }

  reloaded() {
    this._read();
  }

  // A change of one of its instances; what it can do may be new with it.
  instance({ full_name: name, kind, instance }) {
    if (name !== this._full) return;
    const key = `${instance.node_id} ${instance.incarnation}`;
    if (kind === "forgotten") this._instances.delete(key);
    else this._instances.set(key, instance);
    if (instance.contract_digest && this._digest && instance.contract_digest !== this._digest && kind === "appeared") this._readLater();
    if (this._details === null && kind !== "lost" && kind !== "left") this._readLater();
  }

  update() {
    const node = this._fleet.nodes.get(this._full) ?? this._last;
    if (node) this._showNode(node);
    if (this._tab === "instances") this._showInstances();
  }

  _openOnce(key, make) {
    const panel = this._panels.get(key);
    if (!panel.firstChild) panel.append((this[`_${key}`] = make()).element);
  }

  _readLater() {
    this._later ||= setTimeout(() => { this._later = 0; this._read(); }, REREAD_MILLISECONDS);
  }

  async _read() {
    let node;
    try {
      node = await getJson(nodeApi(this._domain, this._name), this._stop.signal);
    } catch (error) {
      if (error.name !== "AbortError") this._showMissing(error);
      return;
    }
    this._last = node;
    this._instances = new Map(node.instances.map((each) => [`${each.node_id} ${each.incarnation}`, each]));
    this._stats = node.stats;
    this._leftOut.hidden = !node.instances_left_out;
    setText(this._leftOut, `${count(node.instances_left_out)} more are not listed here.`);
    setText(this._problem, node.details_problem);
    this._problem.hidden = !node.details_problem;
    const digest = node.details?.contract_digest ?? null;
    if (this._details === undefined || digest !== this._digest || Boolean(node.details) !== Boolean(this._details)) {
      this._details = node.details;
      this._digest = digest;
      this._showOperations(node);
      this._showContract();
    }
    this._details ??= null;
    this._showStats();
    this.update();
  }

  _showMissing(error) {
    if (this._last) return;
    setText(this._problem, `${error.message} ${error.fix ?? ""}`);
    this._problem.hidden = false;
    this._panels.get("operations").replaceChildren();
  }

  // --- at the top ---

  _makeHead() {
    this._mark = el("span", { class: "mark large" });
    this._state = el("span", {});
    this._h1 = el("h1", { tabindex: "-1" }, el("span", { class: "domain" }, `${this._domain}/`), breakable(this._name));
    this._about = el("p", { class: "muted" });
    this._description = el("p", {});
    this._head = el("div", {}, el("p", { class: "crumb" }, el("a", { href: "#/" }, "Nodes"), " / ", this._full),
      el("div", { class: "title node" }, this._mark, el("div", {}, this._h1, this._about), this._state), this._description);
    this._problem = el("p", { class: "alert", role: "status", hidden: true });
    this._conflict = el("p", { class: "alert", hidden: true });
    this._alerts = el("div", { class: "alerts" }, this._problem, this._conflict);
    this._values = {};
    const figure = (key, label) => el("div", {}, el("dt", {}, label), el("dd", {}, this._values[key] = el("span", {}, DASH)));
    this._line = sparkline();
    this._figures = el("dl", { class: "figures" }, figure("rate", "Rate"), figure("p50", "p50"), figure("p99", "p99"), figure("lag", "Lag"), figure("requests", "Requests"), figure("errors", "Errors"), figure("dead", "Dead letters"), figure("last", "Last error"));
    this._values.rate.after(this._line);
  }

  _showNode(node) {
    if (this._shownState !== node.state) {
      this._state.replaceChildren(badge(node.state));
      this._mark.replaceChildren(archetypeIcon(node.archetype));
      this._shownState = node.state;
    }
    setText(this._about, `${node.archetype}, ${node.versions.join(" and ")}, ${plural(node.live, "live instance")}${node.waits_for.length ? `, waits for ${node.waits_for.join(", ")}` : ""}`);
    setText(this._description, node.description);
    this._conflict.hidden = !node.conflicts;
    setText(this._conflict, node.conflicts ? `${plural(node.conflicts, "instance")} shares an id with another process: see Instances.` : "");
    const values = { rate: rate(node.rate_per_second), p50: milliseconds(node.p50_ms), p99: milliseconds(node.p99_ms), lag: count(node.lag), requests: count(node.requests), errors: count(node.errors), dead: count(node.dead_letters), last: node.last_error ? `${node.last_error}, ${ago(node.last_error_at)}` : "none" };
    for (const [key, value] of Object.entries(values)) setBreakable(this._values[key], value);
    this._values.errors.parentElement.classList.toggle("bad", node.errors > 0);
    this._values.dead.parentElement.classList.toggle("bad", node.dead_letters > 0);
    const rates = this._fleet.rates.get(this._full);
    if (rates?.length > 1) spark(this._line.firstChild, rates);
  }

  // --- operations and contract ---

  _showOperations(node) {
    const panel = this._panels.get("operations");
    const operations = node.details?.operations ?? node.operations.map((name) => ({ name, input_schema: null, output_schema: null }));
    if (!operations.length) return panel.replaceChildren(el("p", { class: "muted" }, "It names no operations."));
    const parts = operations.map((each) => new Operation(this._domain, this._name, each, () => this._records?.read()).element);
    if (parts.length === 1) parts[0].open = true;
    panel.replaceChildren(...(node.details?.truncated ? [el("p", { class: "alert" }, "The node's details were too long to be told whole: schemas are left out.")] : []), ...parts);
  }

  _showContract() {
    const panel = this._panels.get("contract"), details = this._details;
    if (!details) return panel.replaceChildren(el("p", { class: "muted" }, "Nobody who runs has told it."));
    const topics = (label, names) => pair(label, ...(names?.length ? names.map((name) => el("code", { class: "line" }, name)) : [DASH]));
    const copied = el("span", { role: "status", class: "muted" });
    const copy = el("button", { type: "button", class: "small", click: () => navigator.clipboard?.writeText(details.contract).then(() => setText(copied, "Copied")) }, "Copy");
    panel.replaceChildren(
      el("dl", { class: "list" }, pair("Digest", el("code", {}, details.contract_digest ?? DASH)), topics("Reads", details.topics?.subscribes), topics("Writes", details.topics?.publishes), topics("Dead letters", [details.topics?.dead_letters].filter(Boolean))),
      details.contract ? el("div", {}, el("div", { class: "bar-of" }, el("h3", {}, "contract.yaml"), isSecureContext ? copy : null, copied), el("pre", { class: "json", tabindex: "0", "aria-label": "Text of the contract" }, details.contract)) : el("p", { class: "muted" }, "No contract file stands beside its code."));
  }

  // --- instances ---

  _makeInstances() {
    this._pager = new Pager(ROWS, () => this._showInstances(), "Pages of instances");
    this._instanceRows = el("div", { class: "instances" });
    this._statsPart = el("div", { class: "part" });
    this._leftOut = el("p", { class: "muted", hidden: true });
    this._instancesPart = el("div", { class: "part" }, this._leftOut, this._instanceRows, this._pager.element, this._statsPart);
  }

  _showInstances() {
    const all = [...this._instances.values()].sort((a, b) => isEnded(a) - isEnded(b) || (a.instance_id < b.instance_id ? -1 : a.instance_id > b.instance_id ? 1 : 0));
    const rows = new Map();
    for (const each of this._pager.slice(all)) {
      const key = `${each.node_id} ${each.incarnation}`;
      const row = this._rows.get(key) ?? new InstanceCard();
      row.show(each);
      rows.set(key, row);
    }
    this._rows = rows;
    arrange(this._instanceRows, [...rows.values()].map((row) => row.element));
  }

  // The figures of each operation, of the moment the page asked.
  _showStats() {
    const rows = this._stats.filter((each) => each.stats?.endpoints).slice(0, ROWS).flatMap((each) => each.stats.endpoints.map((end) => ({ who: each.instance_id || each.node_id, ...end })));
    if (!rows.length) return this._statsPart.replaceChildren();
    const head = ["Operation", "Instance", "Requests", "Errors", "Average", "p50", "p99", "Retries", "Dead letters", "Last error"];
    this._statsPart.replaceChildren(el("h3", {}, "By operation"), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Figures by operation" },
      el("table", { class: "plain" }, el("thead", {}, el("tr", {}, head.map((text, at) => el("th", { scope: "col", class: at > 1 && at < 9 ? "num" : null }, text)))),
        el("tbody", {}, rows.map((row) => el("tr", {}, el("th", { scope: "row" }, row.name || "unknown"), el("td", {}, row.who), [count(row.num_requests), count(row.num_errors), milliseconds(row.average_processing_time_ms), milliseconds(row.p50_ms), milliseconds(row.p99_ms), count(row.num_retries), count(row.num_dead_letters)].map((text) => el("td", { class: "num" }, text)), el("td", {}, row.last_error ? `${row.last_error} (${ago(row.last_error_at)})` : DASH)))))),
    el("button", { type: "button", class: "small", click: () => this._read() }, "Ask again"));
  }
}

const isEnded = (instance) => (instance.state === "stopped" || instance.state === "lost" ? 1 : 0);

class InstanceCard {
  constructor() {
    this._state = el("span", {});
    this._name = el("h3", {});
    this._conflict = el("p", { class: "alert", hidden: true });
    this._list = el("dl", { class: "figures small" });
    this._more = el("dl", { class: "list" });
    this.element = el("article", { class: "instance" }, el("div", { class: "bar-of" }, this._name, this._state), this._conflict, this._list, el("details", { class: "quiet" }, el("summary", {}, "More"), this._more));
    this._values = new Map();
  }

  show(each) {
    if (this._shown !== each.state) this._state.replaceChildren(badge(each.state));
    this._shown = each.state;
    this.element.dataset.state = each.state;
    setText(this._name, each.instance_id || each.node_id);
    this._conflict.hidden = !each.conflict;
    setText(this._conflict, each.conflict);
    const values = [
      ["Last seen", ago(each.last_seen)], ["Up", duration(each.uptime_seconds)], ["Rate", rate(each.rate_per_second)], ["p50 / p99", times(each.p50_ms, each.p99_ms)],
      ["In flight", count(each.in_flight)], ["Outbox", count(each.outbox)], ["Lag", count(each.lag)], ["Requests", count(each.requests)], ["Errors", count(each.errors)], ["Retries", count(each.retries)], ["Dead letters", count(each.dead_letters)],
    ];
    for (const [name, value] of values) {
      if (!this._values.has(name)) {
        this._values.set(name, el("dd", {}));
        this._list.append(el("div", {}, el("dt", {}, name), this._values.get(name)));
      }
      setText(this._values.get(name), value);
    }
    const lasting = JSON.stringify([each.node_id, each.incarnation, each.version, each.started_at, each.endpoints, each.capabilities, each.waits_for, each.last_error, each.contract_digest]);
    if (lasting === this._lasting) return;
    this._lasting = lasting;
    this._more.replaceChildren(
      pair("Node id", el("code", {}, each.node_id)), pair("Incarnation", el("code", {}, each.incarnation || DASH)), pair("Version", each.version), pair("Contract", el("code", {}, each.contract_digest || DASH)),
      pair("Started", clock(each.started_at)), pair("First seen", clock(each.first_seen)), pair("Silent for at most", duration(each.ttl_seconds)),
      pair("Waits for", each.waits_for.join(", ") || "nothing"), pair("Capabilities", each.capabilities.join(", ") || DASH),
      pair("Last error", each.last_error ? `${each.last_error}, ${clock(each.last_error_at)}` : "none"),
      ...Object.entries(each.endpoints).map(([name, url]) => pair(name, outside(url))));
  }
}
