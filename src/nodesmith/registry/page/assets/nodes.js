// All nodes: how many are in which state, what is wrong, and a list to search, filter and sort.

import { archetypeIcon, arrange, badge, breakable, el, Pager, setAttribute, setBreakable, setText, spark, sparkline, stateIcon } from "./dom.js";
import { ago, clock, count, DASH, nodePath, plural, rate, times } from "./format.js";

const ROWS = 50;
const STATES = ["ready", "starting", "draining", "degraded", "lost", "stopped"];
const WORST = ["lost", "degraded", "draining", "starting", "ready", "stopped"];
const ARCHETYPES = ["effect", "compute", "reducer", "orchestrator"];
const most = (key) => (a, b) => (b[key] ?? -1) - (a[key] ?? -1);
const trouble = (node) => (node.errors ?? 0) + (node.dead_letters ?? 0);
const byName = (a, b) => (a.full_name < b.full_name ? -1 : 1);
const SORTS = {
  name: ["Name", byName],
  state: ["Worst state", (a, b) => WORST.indexOf(a.state) - WORST.indexOf(b.state)],
  instances: ["Most instances", most("live")],
  rate: ["Highest rate", most("rate_per_second")],
  p99: ["Slowest", most("p99_ms")],
  lag: ["Longest lag", most("lag")],
  errors: ["Most errors", (a, b) => trouble(b) - trouble(a)],
};
const COLUMNS = [
  ["Node", "name"], ["State", "state"], ["Version", null], ["Instances", "instances", "num"], ["Rate", "rate", "num"],
  ["p50 / p99", "p99", "num"], ["Lag", "lag", "num"], ["Errors / dead", "errors", "num"], ["Last error", null],
];

export class NodesView {
  page = "nodes";
  title = "Nodes";

  constructor(fleet, query) {
    this._fleet = fleet;
    this._rows = new Map();
    this._order = [];
    this._orderOf = -1;
    this.heading = el("h1", { tabindex: "-1" }, "Nodes");
    this._facts = el("dl", { class: "facts" });
    this._conflicts = el("div", { class: "alerts" });
    this._tiles = this._makeTiles();
    this._pager = new Pager(ROWS, () => { this.update(); this._table.scrollIntoView({ block: "nearest" }); }, "Pages of the list");
    this._found = el("p", { class: "muted found", role: "status" });
    this._body = el("tbody", { role: "rowgroup" });
    this._empty = el("div", { class: "empty", hidden: true });
    this._news = el("ol", { class: "news" });
    this._ignored = el("details", { class: "quiet", hidden: true }, el("summary", {}), el("dl", { class: "facts" }));
    this._makeControls();
    this._table = this._makeTable();
    this.element = el("div", { class: "view" },
      el("div", { class: "title" }, this.heading, this._total = el("p", { class: "muted" })),
      this._facts, this._conflicts,
      el("div", { class: "tiles", role: "group", "aria-label": "Show nodes by state" }, ...this._tiles.values()),
      el("div", { class: "split" },
        el("section", { class: "card", "aria-label": "List of nodes" }, this._controls, this._found, el("div", { class: "scroll" }, this._table), this._empty, this._pager.element),
        el("aside", { class: "card side", "aria-labelledby": "news" }, el("h2", { id: "news" }, "Recent changes"), this._news, this._ignored)),
    );
    this.turn(query);
  }

  // The address holds what is looked for, so that it can be sent to somebody.
  turn(query) {
    this._search.value = query.get("q") ?? "";
    this._archetype.value = query.get("archetype") ?? "";
    this._sort.value = query.get("sort") in SORTS ? query.get("sort") : "name";
    this._state = STATES.includes(query.get("state")) ? query.get("state") : "";
    this._pager.at = 0;
    this._orderOf = -1;
    this.update();
  }

  update() {
    const health = this._fleet.health;
    if (health) this._showHealth(health);
    const summaries = [...this._fleet.nodes.values()];
    this._showTotals(summaries);
    const shown = this._pager.slice(this._chosen(summaries));
    const kept = new Map();
    for (const node of shown) {
      const row = this._rows.get(node.full_name) ?? new Row(node);
      row.show(node, this._fleet.rates.get(node.full_name));
      kept.set(node.full_name, row);
    }
    this._rows = kept;
    arrange(this._body, [...kept.values()].map((row) => row.element));
    this._showFound(shown.length, summaries.length);
    this._showNews();
  }

  _makeTiles() {
    const tile = (state, label) => {
      const number = el("b", {}, DASH);
      const button = el("button", { type: "button", class: "tile", "data-state": state, "aria-pressed": "false", click: () => this._choose(state) },
        number, el("span", {}, state ? stateIcon(state) : null, label));
      button.number = number;
      return button;
    };
    return new Map([["", tile("", "all")], ...STATES.map((state) => [state, tile(state, state)])]);
  }

  _makeControls() {
    const changed = () => this._remember();
    this._search = el("input", { type: "search", id: "q", placeholder: "Name, operation or description", autocomplete: "off", spellcheck: "false", input: changed });
    this._archetype = el("select", { id: "archetype", change: changed }, el("option", { value: "" }, "All archetypes"), ARCHETYPES.map((each) => el("option", { value: each }, each)));
    this._sort = el("select", { id: "sort", change: changed }, Object.entries(SORTS).map(([value, [label]]) => el("option", { value }, label)));
    this._controls = el("form", { class: "controls", role: "search", submit: (event) => event.preventDefault() },
      el("div", { class: "grow" }, el("label", { for: "q" }, "Search"), this._search),
      el("div", {}, el("label", { for: "archetype" }, "Archetype"), this._archetype),
      el("div", {}, el("label", { for: "sort" }, "Sort by"), this._sort));
  }

  _makeTable() {
    this._headers = COLUMNS.map(([label, sort, kind]) =>
      el("th", { scope: "col", role: "columnheader", class: kind, "data-sort": sort },
        sort ? el("button", { type: "button", click: () => { this._sort.value = sort; this._remember(); } }, label) : label));
    // Roles are said, since a table that is laid out as cards on a phone would be none to a screen reader.
    return el("table", { class: "nodes", role: "table" }, el("caption", { class: "unseen" }, "Nodes, their states and figures"),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, this._headers)), this._body);
  }

  _choose(state) {
    this._state = this._state === state ? "" : state;
    this._remember();
  }

  _remember() {
    const query = new URLSearchParams();
    const said = { q: this._search.value.trim(), state: this._state, archetype: this._archetype.value, sort: this._sort.value === "name" ? "" : this._sort.value };
    for (const [name, value] of Object.entries(said)) if (value) query.set(name, value);
    const text = query.toString();
    history.replaceState(null, "", text ? `#/?${text}` : "#/");
    this._pager.at = 0;
    this._orderOf = -1;
    this.update();
  }

  _chosen(summaries) {
    const words = this._search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const [, compare] = SORTS[this._sort.value];
    const fits = (node) =>
      (!this._state || node.state === this._state) &&
      (!this._archetype.value || node.archetype === this._archetype.value) &&
      words.every((word) => haystack(node).includes(word));
    // Figures alone move no row under a pointer or away from the focus, nor where they are not sorted by.
    const isSteady = ["name", "state", "instances"].includes(this._sort.value) || this._table.matches(":hover, :focus-within");
    if (this._orderOf !== this._fleet.shape || !isSteady) {
      const chosen = summaries.filter(fits).sort((a, b) => compare(a, b) || byName(a, b));
      this._order = chosen.map((node) => node.full_name);
      this._orderOf = this._fleet.shape;
    }
    return this._order.map((name) => this._fleet.nodes.get(name)).filter(Boolean);
  }

  _showTotals(summaries) {
    const states = {};
    let live = 0, rates = 0;
    for (const node of summaries) {
      states[node.state] = (states[node.state] ?? 0) + 1;
      live += node.live;
      rates += node.rate_per_second ?? 0;
    }
    setText(this._total, this._fleet.loaded ? `${plural(summaries.length, "node")}, ${plural(live, "live instance")}, ${rate(rates)} commands in all` : "");
    for (const [state, tile] of this._tiles) {
      setText(tile.number, this._fleet.loaded ? count(state ? (states[state] ?? 0) : summaries.length) : DASH);
      setAttribute(tile, "aria-pressed", String(state === this._state));
      tile.classList.toggle("none", Boolean(state) && !states[state]);
    }
    for (const header of this._headers) {
      const sort = header.dataset.sort;
      setAttribute(header, "aria-sort", sort && sort === this._sort.value ? (sort === "name" ? "ascending" : "descending") : null);
    }
  }

  _showHealth(health) {
    const consul = health.consul;
    const ignored = Object.entries(health.ignored);
    const sum = ignored.reduce((total, [, number]) => total + number, 0);
    this._fact("Bus", health.bus.state, health.bus.state === "up" ? "ready" : "degraded", `${health.bus.servers}${health.bus.state !== "up" && health.bus.last_error ? `: ${health.bus.last_error}` : ""}`);
    this._fact("Consul", consul?.state ?? "not used", consul ? (consul.state === "in step" ? "ready" : "degraded") : "stopped",
      consul ? `${plural(consul.services, "service")} at ${consul.address}${consul.state !== "in step" && consul.last_error ? `: ${consul.last_error}` : ""}` : "");
    this._fact("Conflicts", count(health.conflicts.length), health.conflicts.length ? "degraded" : "ready", health.conflicts.length ? "see below" : "no id is used twice");
    this._fact("Ignored", count(sum), "stopped", sum ? "records that could not be believed" : "every record could be believed");
    arrange(this._conflicts, health.conflicts.slice(0, 20).map((each) => this._conflict(each)));
    this._ignored.hidden = !sum;
    setText(this._ignored.firstChild, `Heard and ignored: ${count(sum)}`);
    const list = this._ignored.lastChild;
    list.replaceChildren(...ignored.map(([reason, number]) => el("div", {}, el("dt", {}, reason), el("dd", {}, count(number)))));
  }

  _fact(name, value, state, more) {
    this._factOf ??= new Map();
    let fact = this._factOf.get(name);
    if (!fact) {
      fact = { badge: badge(state, ""), more: el("span", { class: "muted" }), element: null };
      fact.element = el("div", {}, el("dt", {}, name), el("dd", {}, fact.badge, fact.more));
      this._factOf.set(name, fact);
      this._facts.append(fact.element);
    }
    if (fact.badge.dataset.state !== state || fact.badge.textContent !== value) {
      const fresh = badge(state, value);
      fact.badge.replaceWith(fresh);
      fact.badge = fresh;
    }
    setText(fact.more, more);
    setAttribute(fact.more, "title", more || null);
  }

  _conflict(each) {
    const key = `${each.node_id} ${each.incarnation}`;
    const old = [...this._conflicts.children].find((child) => child.dataset.key === key && child.dataset.text === each.conflict);
    return old ?? el("p", { class: "alert", "data-key": key, "data-text": each.conflict }, stateIcon("degraded"),
      el("span", {}, el("a", { href: nodePath(each.full_name) }, each.full_name), ` ${each.conflict}`));
  }

  _showFound(shown, all) {
    const chosen = this._order.length;
    const filtered = chosen !== all;
    setText(this._found, filtered ? `${plural(chosen, "node fits", "nodes fit")} of ${count(all)}` : "");
    this._found.hidden = !filtered;
    this._table.hidden = !shown;
    this._empty.hidden = Boolean(shown);
    if (shown) return;
    const [head, text] = !this._fleet.loaded ? ["Reading …", ""]
      : all ? ["No node fits", "Change what is searched for, or show all states."]
      : ["No nodes yet", "A node appears here within a second of its start. Try: nodesmith up examples/orders"];
    if (this._empty.dataset.head !== head) this._empty.replaceChildren(el("p", { class: "big" }, head), el("p", { class: "muted" }, text));
    this._empty.dataset.head = head;
  }

  _showNews() {
    const news = this._fleet.news;
    if (this._newest === news[0] && this._news.firstChild) return;
    this._newest = news[0];
    this._news.replaceChildren(...(news.length
      ? news.map((each) => el("li", { "data-state": each.state }, stateIcon(each.state), el("span", {}, el("a", { href: nodePath(each.name) }, each.name), ` ${each.words}`), el("time", { class: "muted" }, each.at.toLocaleTimeString())))
      : [el("li", { class: "muted" }, "Nothing since this page was opened")]));
  }
}

// One row; its cells are written only where something is new.
class Row {
  constructor(node) {
    const cell = (label, kind, ...children) => el("td", { role: "cell", "data-label": label, class: kind }, ...children);
    this._icon = el("span", { class: "mark" });
    this._what = el("span", { class: "muted" });
    this._state = el("span", {});
    this._more = el("span", { class: "muted small" });
    this._version = cell("Version");
    this._live = cell("Instances", "num");
    this._rate = el("span", {});
    this._line = sparkline();
    this._times = cell("p50 / p99", "num");
    this._lag = cell("Lag", "num");
    this._errors = cell("Errors / dead", "num");
    this._error = el("span", { class: "error" });
    this._when = el("time", { class: "muted small" });
    this.element = el("tr", { role: "row" },
      el("th", { scope: "row", role: "rowheader" }, el("div", { class: "who" }, this._icon, el("span", { class: "name" }, el("a", { href: nodePath(node.full_name) }, el("span", { class: "domain" }, `${node.domain}/`), breakable(node.name)), this._what))),
      cell("State", "", this._state, this._more), this._version, this._live,
      cell("Rate", "num rate", this._line, this._rate), this._times, this._lag, this._errors, cell("Last error", "last", this._error, this._when));
  }

  show(node, rates) {
    if (this._node !== node) this._write(node);
    this._node = node;
    if (rates?.length > 1) spark(this._line.firstChild, rates);
    setText(this._when, node.last_error ? ago(node.last_error_at) : "");
  }

  _write(node) {
    if (this._node?.archetype !== node.archetype) this._icon.replaceChildren(archetypeIcon(node.archetype));
    setText(this._what, node.archetype);
    if (this._node?.state !== node.state) this._state.replaceChildren(badge(node.state));
    this.element.dataset.state = node.state;
    const more = [];
    if (node.conflicts) more.push("conflict");
    if (node.waits_for.length) more.push(`waits for ${node.waits_for.join(", ")}`);
    const lost = node.state === "lost" ? 0 : (node.instance_states.lost ?? 0);
    if (lost) more.push(`${count(lost)} lost`);
    setText(this._more, more.join("; "));
    setText(this._version, node.versions.join(", "));
    const all = Object.values(node.instance_states).reduce((sum, number) => sum + number, 0);
    setText(this._live, all === node.live ? count(all) : `${count(node.live)} of ${count(all)}`);
    setText(this._rate, rate(node.rate_per_second));
    setText(this._times, times(node.p50_ms, node.p99_ms));
    setText(this._lag, count(node.lag));
    setText(this._errors, `${count(node.errors)} / ${count(node.dead_letters)}`);
    this._errors.classList.toggle("bad", trouble(node) > 0);
    this._lag.classList.toggle("bad", node.lag > 1000);
    setBreakable(this._error, node.last_error ?? DASH);
    this.element.classList.toggle("fine", !node.last_error);
    setAttribute(this._when, "title", node.last_error_at ? clock(node.last_error_at) : null);
  }
}

const texts = new WeakMap();
function haystack(node) {
  let text = texts.get(node);
  if (text === undefined) texts.set(node, (text = [node.full_name, node.description, ...node.operations, ...node.versions].join("\n").toLowerCase()));
  return text;
}
