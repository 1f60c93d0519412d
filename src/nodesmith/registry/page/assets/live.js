// The stream of changes, opened again whenever it ends, and known to be dead when it is silent for too long.

import { getJson } from "./api.js";

const SILENT_MILLISECONDS = 25_000; // the registry says something every 10 s
const HIDDEN_MILLISECONDS = 60_000; // a browser has few connections to one place: a tab nobody sees gives its own back
const LONGEST_WAIT = 5_000;

export class Live {
  constructor({ snapshot, change, summary, state }) {
    this._on = { snapshot, change, summary };
    this._onstate = state;
    this._failures = 0;
    this._retry = this._hidden = 0;
    this.heardAt = 0;
    this.state = "connecting";
  }

  open() {
    addEventListener("online", () => this._again(0));
    document.addEventListener("visibilitychange", () => this._seen());
    setInterval(() => this._watch(), 1000);
    this._open();
  }

  _open() {
    clearTimeout(this._retry);
    this._retry = 0;
    this._source?.close();
    const source = (this._source = new EventSource("/api/v1/events"));
    this._openedAt = Date.now();
    for (const name of Object.keys(this._on)) {
      source.addEventListener(name, (event) => {
        this.heardAt = Date.now();
        this._failures = 0;
        if (name === "snapshot") this._say("live");
        this._on[name](JSON.parse(event.data));
      });
    }
    source.onerror = () => this._failed();
  }

  _failed() {
    this._source?.close();
    this._source = null;
    this._say("away");
    this._failures++;
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this._failures);
    this._again(wait * (0.5 + Math.random() / 2));
    getJson("/api/v1/health").catch(() => {}); // leads to the login where that is why
  }

  _again(wait) {
    if (this._source || document.hidden) return;
    clearTimeout(this._retry);
    this._retry = setTimeout(() => this._open(), wait);
  }

  _watch() {
    if (this._source && Date.now() - Math.max(this.heardAt, this._openedAt) > SILENT_MILLISECONDS) this._failed();
    this._onstate(this.state);
  }

  _seen() {
    clearTimeout(this._hidden);
    if (!document.hidden) this._again(0);
    else
      this._hidden = setTimeout(() => {
        this._source?.close();
        this._source = null;
        this._say("away");
      }, HIDDEN_MILLISECONDS);
  }

  _say(state) {
    this.state = state;
    this._onstate(state);
  }
}
