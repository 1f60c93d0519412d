// What is known of all nodes, kept by the registry's stream of changes; views are told at most a few times a second.

import { getJson } from "./api.js";

const PAGE = 2000;
const HISTORY = 40;
const SAMPLE_MILLISECONDS = 2000;
const TELL_MILLISECONDS = 400;
const MOST_NEWS = 30;
const WORDS = { appeared: "appeared", left: "stopped", lost: "was lost", returned: "is back", conflict: "shares its id with another process" };

export class Fleet {
  constructor() {
    this.nodes = new Map();
    this.rates = new Map();
    this.health = null;
    this.loaded = false;
    this.news = [];
    this.shape = 0; // rises when more than figures is new
    this.onchange = () => {};
    this.oninstance = () => {};
    this.onnews = () => {};
    this._late = null;
    this._timer = 0;
    this.isLive = false;
    setInterval(() => this._sample(), SAMPLE_MILLISECONDS);
  }

  // Reads everything anew; what changes meanwhile is put on top of it.
  async load() {
    const late = (this._late = new Map());
    const found = new Map();
    let cursor = "";
    do {
      const page = await getJson(`/api/v1/nodes?summary=1&limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`);
      for (const node of page.nodes) found.set(node.full_name, node);
      cursor = page.next_cursor;
    } while (cursor);
    if (this._late !== late) return; // it began once more meanwhile
    for (const [name, node] of late) put(found, name, node);
    this._late = null;
    this.nodes = found;
    this.loaded = true;
    this.shape++;
    this._tell();
  }

  take(change) {
    const { full_name: name, node, instance, kind } = change;
    const before = this.nodes.get(name);
    put(this.nodes, name, node);
    this._late?.set(name, node);
    if (!change.only_figures) this.shape++;
    if (!node) this.rates.delete(name);
    const words = WORDS[kind] ?? (node && before && node.state !== before.state ? `is ${node.state}` : "");
    if (words) this._note({ name, words, state: kind === "conflict" ? "degraded" : instance.state, at: new Date() });
    this.oninstance(change);
    this._tell();
  }

  takeHealth(health) {
    this.health = health;
    this._tell();
  }

  // In equal steps, so that a line of them is a line through time.
  _sample() {
    if (!this.isLive) return;
    for (const [name, { rate_per_second: value }] of this.nodes) {
      if (typeof value !== "number") continue;
      const values = this.rates.get(name);
      if (!values) this.rates.set(name, [value]);
      else if (values.push(value) > HISTORY) values.shift();
    }
  }

  _note(news) {
    this.news.unshift(news);
    this.news.length = Math.min(this.news.length, MOST_NEWS);
    this.onnews(news);
  }

  _tell() {
    this._timer ||= setTimeout(() => {
      this._timer = 0;
      this.onchange();
    }, TELL_MILLISECONDS);
  }
}

function put(nodes, name, node) {
  if (node) nodes.set(name, node);
  else nodes.delete(name);
}
