// Who sends what to whom, drawn; the same as a table for who does not see it.

import { getJson } from "./api.js";
import { archetypeIcon, arrange, el, Pager, setAttribute, setText, stateIcon, svg } from "./dom.js";
import { nodePath, plural, topicParts } from "./format.js";
import { layout } from "./layout.js";

const MOST_DRAWN = 140;
const MOST_WITH_ENDS = 60;
const READ_MILLISECONDS = 1000;
const MARGIN = 14;

export class GraphView {
  page = "graph";
  title = "Graph";

  constructor(fleet, query) {
    this._fleet = fleet;
    this._graph = { nodes: [], edges: [] };
    this._shape = -1;
    this._scale = 0;
    this._drawn = new Map();
    this.heading = el("h1", { tabindex: "-1" }, "Graph");
    this._about = el("p", { class: "muted", role: "status" });
    this._names = el("datalist", { id: "names" });
    this._around = el("input", { id: "around", type: "search", list: "names", placeholder: "A node or topic", autocomplete: "off", spellcheck: "false", input: () => this._remember() });
    this._around.value = query.get("around") ?? "";
    this._ends = el("input", { type: "checkbox", id: "ends", change: () => { this._asked = true; this._draw(); } });
    const zoom = (label, name, by) => el("button", { type: "button", "aria-label": name, click: () => this._zoom(by) }, label);
    this._panel = el("div", { class: "picture", tabindex: "0", role: "region", "aria-label": "Graph of nodes and topics; the same is in the table below" });
    this._told = el("div", { class: "told muted", role: "status" }, "Point at a node or a topic, or go to it with Tab, to see what it is connected to.");
    this._rows = el("tbody", { role: "rowgroup" });
    this._pager = new Pager(100, () => this._list(), "Pages of the table");
    this.element = el("div", { class: "view" },
      el("div", { class: "title" }, this.heading, this._about),
      el("section", { class: "card", "aria-label": "Graph" },
        el("form", { class: "controls", submit: (event) => event.preventDefault() },
          el("div", { class: "grow" }, el("label", { for: "around" }, "Show around"), this._around, this._names),
          el("div", { class: "check" }, this._ends, el("label", { for: "ends" }, "Also topics with one end")),
          el("div", { class: "zoom", role: "group", "aria-label": "Size" }, zoom("−", "Smaller", 1 / 1.25), zoom("Fit", "Fit the width", 0), zoom("+", "Larger", 1.25))),
        this._panel, this._told),
      el("details", { class: "card", open: true }, el("summary", {}, el("h2", {}, "As a table")),
        el("div", { class: "scroll" }, el("table", { class: "plain edges", role: "table" }, el("caption", { class: "unseen" }, "Who publishes to, and who reads, which topic"),
          el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ["From", "How", "To"].map((text) => el("th", { scope: "col", role: "columnheader" }, text)))), this._rows)),
        this._pager.element));
    this.update();
  }

  turn(query) {
    this._around.value = query.get("around") ?? "";
    this._draw();
  }

  reloaded() {
    this._read();
  }

  // Only now it has a width.
  shown() {
    this._zoom(0);
  }

  close() {
    clearTimeout(this._timer);
  }

  update() {
    if (this._shape !== this._fleet.shape) {
      this._shape = this._fleet.shape;
      // At once, and then not more often than this.
      this._timer ||= setTimeout(() => this._read(), this._readOnce ? READ_MILLISECONDS : 0);
    }
    for (const [id, drawn] of this._drawn) this._showState(id, drawn);
  }

  async _read() {
    this._timer = 0;
    this._readOnce = true;
    try {
      this._graph = await getJson("/api/v1/graph");
    } catch (error) {
      return setText(this._about, error.message);
    }
    const text = JSON.stringify([this._graph.nodes.map((node) => [node.id, node.archetype]), this._graph.edges]);
    if (text === this._text) return this.update();
    this._text = text;
    // In a small system all topics are worth seeing; until somebody says otherwise.
    if (!this._asked) this._ends.checked = this._graph.nodes.length <= MOST_WITH_ENDS;
    arrange(this._names, this._graph.nodes.slice(0, 500).map((node) => el("option", { value: node.id })));
    this._draw();
  }

  _remember() {
    const value = this._around.value.trim();
    history.replaceState(null, "", value ? `#/graph?around=${encodeURIComponent(value)}` : "#/graph");
    clearTimeout(this._typing);
    this._typing = setTimeout(() => this._draw(), 200);
  }

  // What is drawn: all, or what is near to what was asked for.
  _chosen() {
    const { nodes, edges } = this._graph;
    const near = new Map(nodes.map((node) => [node.id, new Set()]));
    for (const { from, to } of edges) { near.get(from)?.add(to); near.get(to)?.add(from); }
    const words = this._around.value.trim().toLowerCase();
    let ids = new Set(nodes.map((node) => node.id));
    if (words) {
      const exact = nodes.filter((node) => node.id.toLowerCase() === words);
      let edge = (exact.length ? exact : nodes.filter((node) => node.id.toLowerCase().includes(words))).map((node) => node.id);
      ids = new Set(edge);
      // To the topics of a node and the nodes of these, or to the nodes of a topic.
      for (let step = 0; step < 2; step++) {
        edge = edge.flatMap((id) => [...near.get(id)]).filter((id) => !ids.has(id));
        for (const id of edge) ids.add(id);
      }
    }
    const hasTwoEnds = (node) => node.kind === "node" || this._ends.checked || near.get(node.id).size > 1 || node.id.toLowerCase() === words;
    const chosen = nodes.filter((node) => ids.has(node.id) && hasTwoEnds(node));
    return { chosen, edges: edges.filter(({ from, to }) => ids.has(from) && ids.has(to)) };
  }

  _draw() {
    const { chosen, edges } = this._chosen();
    const ids = new Set(chosen.map((node) => node.id));
    this._listed = edges; // the table has those as well that are not drawn
    this._edges = edges.filter(({ from, to }) => ids.has(from) && ids.has(to));
    const numbers = chosen.filter((node) => node.kind === "node").length;
    const text = `${plural(numbers, "node")} and ${plural(chosen.length - numbers, "topic")}`;
    setText(this._about, chosen.length > MOST_DRAWN ? `${text}: too many to be drawn together` : text);
    this._pager.at = 0;
    this._list();
    this._drawn = new Map();
    this._focus(null);
    if (!chosen.length) return this._panel.replaceChildren(el("div", { class: "empty" }, el("p", { class: "big" }, "Nothing to draw"), el("p", { class: "muted" }, this._graph.nodes.length ? "Nothing fits what was asked for." : "Nodes appear here when they start.")));
    if (chosen.length > MOST_DRAWN) return this._panel.replaceChildren(el("div", { class: "empty" }, el("p", { class: "big" }, "Too many to be drawn together"), el("p", { class: "muted" }, "Say above around which node or topic; the table has them all.")));
    this._paint(chosen);
  }

  _paint(chosen) {
    const boxes = chosen.map((node) => boxOf(node));
    const done = layout(boxes, this._edges);
    this._size = [done.width + 2 * MARGIN, done.height + 2 * MARGIN];
    const lines = done.paths.map((path) => {
      const line = svg("path", { d: curve(path.points), class: "edge", "marker-end": "url(#arrow)" });
      line.ends = [path.from, path.to];
      return line;
    });
    const shapes = boxes.map((box) => this._shapeOf(box, done.places.get(box.id)));
    this._lines = lines;
    const arrow = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: "7", refY: "4", markerWidth: "7", markerHeight: "7", orient: "auto" }, svg("path", { d: "M0 .5 7.500 4 0 7.500z" }));
    this._picture = svg("svg", { viewBox: `${-MARGIN} ${-MARGIN} ${this._size[0]} ${this._size[1]}`, class: "graph", role: "group", "aria-label": "Nodes and topics" }, svg("defs", {}, arrow), svg("g", {}, lines), svg("g", {}, shapes));
    this._panel.replaceChildren(this._picture);
    this._zoom(0);
    this.update();
  }

  _shapeOf(box, { x, y }) {
    const { node } = box;
    const told = () => this._focus(node.id);
    const events = { mouseenter: told, focus: told, mouseleave: () => this._focus(null), blur: () => this._focus(null) };
    const frame = svg("rect", { width: box.width, height: box.height, rx: node.kind === "node" ? 10 : box.height / 2 });
    const place = { transform: `translate(${x} ${y})` };
    if (node.kind === "topic") {
      const parts = topicParts(node.id);
      const shape = svg("g", { ...place, ...events, class: "topic", tabindex: "0", role: "img", "data-kind": parts.kind, "aria-label": this._words(node.id) }, frame,
        svg("text", { x: 16, y: parts.kind ? 16 : 23 }, cut(parts.event, 34)), parts.kind ? svg("text", { x: 16, y: 29, class: "small" }, `${parts.kind} · ${parts.domain} · ${parts.version}`) : null);
      this._drawn.set(node.id, { shape });
      return shape;
    }
    const icon = archetypeIcon(node.archetype);
    const at = node.id.indexOf("/");
    const state = svg("g", { class: "state", transform: `translate(${box.width - 22} 9)` });
    setSize(icon, 12, 14, 24);
    const shape = svg("a", { ...place, ...events, class: "node", href: nodePath(node.id) }, frame, icon,
      svg("text", { x: 46, y: 23, class: "strong" }, cut(node.id.slice(at + 1), 21)), svg("text", { x: 46, y: 39, class: "small" }, cut(`${node.id.slice(0, at)} · ${node.archetype}`, 30)), state);
    this._drawn.set(node.id, { shape, state, node });
    return shape;
  }

  _showState(id, drawn) {
    if (!drawn.node) return;
    const summary = this._fleet.nodes.get(id);
    const state = summary?.state ?? drawn.node.state;
    if (drawn.shown !== state) {
      const glyph = stateIcon(state);
      setSize(glyph, 0, 0, 12);
      drawn.state.replaceChildren(glyph);
      drawn.shape.dataset.state = state;
      drawn.shape.setAttribute("aria-label", `${id}, ${drawn.node.archetype}, ${state}`);
      drawn.shown = state;
    }
    // Where something is under way, its edges flow.
    const flows = (summary?.rate_per_second ?? 0) > 0;
    if (drawn.flows !== flows) for (const line of this._lines) if (line.ends.includes(id)) line.classList.toggle("flows", flows);
    drawn.flows = flows;
  }

  _words(id) {
    const readers = this._edges.filter((edge) => edge.from === id).map((edge) => edge.to);
    const writers = this._edges.filter((edge) => edge.to === id).map((edge) => edge.from);
    const words = (verb, names) => (names.length ? `; ${verb} ${names.join(", ")}` : "");
    return this._drawn.get(id)?.node ? `${id}${words("reads", writers)}${words("writes", readers)}` : `${id}${words("from", writers)}${words("to", readers)}`;
  }

  _focus(id) {
    for (const line of this._lines ?? []) line.classList.toggle("lit", line.ends.includes(id));
    const near = new Set([id, ...this._edges.filter((edge) => edge.from === id || edge.to === id).flatMap((edge) => [edge.from, edge.to])]);
    for (const [each, { shape }] of this._drawn) shape.classList.toggle("lit", near.has(each));
    this._picture?.classList.toggle("focused", id !== null);
    if (id !== null) setText(this._told, this._words(id));
  }

  _zoom(by) {
    if (!this._picture) return;
    const room = this._panel.clientWidth || 900;
    const fit = Math.min(1.1, Math.max(0.55, room / this._size[0]));
    this._scale = by ? Math.min(3, Math.max(0.25, this._scale * by)) : fit;
    setAttribute(this._picture, "width", String(Math.round(this._size[0] * this._scale)));
    setAttribute(this._picture, "height", String(Math.round(this._size[1] * this._scale)));
  }

  _list() {
    const kinds = new Map(this._graph.nodes.map((node) => [node.id, node.kind]));
    const name = (id) => (kinds.get(id) === "node" ? el("a", { href: nodePath(id) }, id) : el("code", {}, id));
    const rows = this._pager.slice(this._listed ?? []);
    this._rows.replaceChildren(...rows.map((edge) => el("tr", { role: "row" }, el("td", { role: "cell" }, name(edge.from)), el("td", { role: "cell", class: "muted" }, edge.kind === "publishes" ? "publishes to" : "is read by"), el("td", { role: "cell" }, name(edge.to)))));
  }
}

const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function boxOf(node) {
  if (node.kind === "node") return { id: node.id, node, width: 236, height: 52, first: node.archetype === "orchestrator" ? 1 : 0 };
  const { event, kind } = topicParts(node.id);
  return { id: node.id, node, width: Math.max(150, Math.min(250, 34 + cut(event, 34).length * 6.7)), height: kind ? 38 : 36 };
}

function setSize(icon, x, y, size) {
  for (const [name, value] of Object.entries({ x, y, width: size, height: size })) icon.setAttribute(name, value);
}

// Through all points, level where it leaves and arrives.
function curve(points) {
  return points.map(([x, y], at) => {
    if (!at) return `M${x.toFixed(1)} ${y.toFixed(1)}`;
    const [fromX, fromY] = points[at - 1], middle = (fromX + x) / 2;
    return Math.abs(fromY - y) < 0.5 ? `L${x.toFixed(1)} ${y.toFixed(1)}` : `C${middle.toFixed(1)} ${fromY.toFixed(1)} ${middle.toFixed(1)} ${y.toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)}`;
  }).join("");
}
