// A node's last records and its dead letters, read off the bus when somebody looks; dead letters can be sent back.

import { getJson, nodeApi, postJson } from "./api.js";
import { badge, el, pair, setText } from "./dom.js";
import { ago, clock, count, plural } from "./format.js";
import { showJson } from "./json.js";

const KINDS = { command: "starting", completed: "ready", failed: "lost" };
const LIMITS = [20, 50, 200];

// A list that is read on demand: a button, how many, what is wrong.
class Listed {
  constructor(domain, name, what) {
    Object.assign(this, { _domain: domain, _name: name, _what: what });
    const id = `limit-${what}`;
    this._limit = el("select", { id, change: () => this.read() }, LIMITS.map((each) => el("option", { value: each }, each)));
    this._said = el("p", { class: "muted", role: "status" });
    this._list = el("div", { class: "records" });
    this._tools = el("div", { class: "bar-of" }, el("button", { type: "button", class: "small", click: () => this.read() }, "Read again"), el("label", { for: id }, "Last"), this._limit);
    this.element = el("div", {}, this._tools, this._said, this._list);
    this.read();
  }

  async read() {
    setText(this._said, "Reading …");
    try {
      const found = await getJson(nodeApi(this._domain, this._name, `/${this._what}?limit=${this._limit.value}`));
      setText(this._said, this._show(found));
    } catch (error) {
      this._list.replaceChildren();
      setText(this._said, `${error.message} ${error.fix ?? ""}`);
    }
  }
}

export class Records extends Listed {
  constructor(domain, name) {
    super(domain, name, "records");
  }

  _show({ records }) {
    this._list.replaceChildren(...records.map((each) => recordPart(each)));
    return records.length ? "Newest first." : "No records are there.";
  }
}

function recordPart(each) {
  const envelope = each.envelope;
  const part = el("details", {}, el("summary", {}, badge(KINDS[each.kind] ?? "stopped", each.kind), el("code", {}, envelope?.event_type ?? each.topic), each.key === null ? null : el("span", { class: "muted" }, `key ${each.key}`), el("time", { class: "muted", title: clock(each.timestamp) }, ago(each.timestamp))));
  part.addEventListener("toggle", () => {
    if (part.children.length > 1) return;
    part.append(el("div", { class: "inside" },
      el("dl", { class: "list" }, pair("At", `${each.topic}, partition ${each.partition}, offset ${each.offset}`), pair("When", clock(each.timestamp)), pair("Size", `${count(each.bytes)} bytes`), envelope?.correlation_id ? pair("Correlation", el("code", {}, envelope.correlation_id)) : null),
      bodyOf(each, envelope),
      each.headers?.length ? el("details", { class: "quiet" }, el("summary", {}, plural(each.headers.length, "header")), el("dl", { class: "list" }, each.headers.map(([name, value]) => pair(name, el("code", {}, typeof value === "string" ? value : JSON.stringify(value)))))) : null));
  });
  return part;
}

function bodyOf(each, envelope) {
  if (each.truncated) return el("p", { class: "muted" }, "It is too large to be shown here.");
  if (envelope) return showJson(envelope, "Envelope");
  return el("pre", { class: "json", tabindex: "0", "aria-label": "Value" }, each.value ?? (each.value_base64 ? `base64: ${each.value_base64}` : "no value"));
}

export class DeadLetters extends Listed {
  constructor(domain, name) {
    super(domain, name, "dead-letters");
    this._chosen = new Map();
    this._replay = el("button", { type: "button", class: "primary small", disabled: true, click: () => this._ask() }, "Replay");
    const all = el("input", { type: "checkbox", id: "all-letters", change: () => { for (const box of this._list.querySelectorAll("input[type=checkbox]:not(:disabled)")) if (box.checked !== all.checked) box.click(); } });
    this._all = el("span", { class: "check" }, all, el("label", { for: "all-letters" }, "All shown"));
    this._allBox = all;
    this._tools.prepend(this._all, this._replay);
    this._outcome = el("div", { role: "status", tabindex: "-1" });
    this._list.before(this._outcome);
  }

  _show({ topic, total, dead_letters: letters }) {
    this._topic = topic;
    this._chosen = new Map();
    if (this._allBox) this._allBox.checked = false;
    this._list.replaceChildren(...letters.map((each) => this._letter(each)));
    this._count();
    return letters.length ? `Newest first; ${count(total)} in ${topic}, those already replayed among them.` : "No dead letters: everything could be dealt with.";
  }

  _letter(each) {
    const id = `dl-${each.partition}-${each.offset}`, place = `${each.partition}:${each.offset}`;
    const cannot = each.problem || each.cut_from !== null && each.cut_from !== undefined;
    const box = el("input", { type: "checkbox", id, disabled: Boolean(cannot), change: () => { if (box.checked) this._chosen.set(place, each); else this._chosen.delete(place); this._count(); } });
    const words = each.problem ? each.problem : `${each.error_type}: ${each.error_message}`;
    const part = el("details", {}, el("summary", {}, badge("lost", each.error_type ?? "no dead letter"), el("span", { class: "words" }, each.problem ?? each.error_message), each.replays ? el("span", { class: "muted" }, `replayed ${plural(each.replays, "time")}`) : null, el("time", { class: "muted", title: clock(each.last_failure) }, each.last_failure ? ago(each.last_failure) : "")));
    part.addEventListener("toggle", () => {
      if (part.children.length > 1) return;
      part.append(el("div", { class: "inside" },
        el("dl", { class: "list" }, pair("Error", words), pair("At", `partition ${each.partition}, offset ${each.offset}`), each.origin ? pair("Came from", `${each.origin.topic}, partition ${each.origin.partition}, offset ${each.origin.offset}`) : null,
          pair("Key", each.key ?? "none"), each.attempts ? pair("Attempts", count(each.attempts)) : null, each.first_failure ? pair("First failure", clock(each.first_failure)) : null, each.last_failure ? pair("Last failure", clock(each.last_failure)) : null),
        bodyOf(each, envelopeOf(each.value))));
    });
    return el("div", { class: "letter" }, box, el("label", { for: id, class: "unseen" }, `Choose dead letter ${place}`), part);
  }

  _count() {
    if (!this._replay) return;
    const number = this._chosen.size;
    this._replay.disabled = !number;
    setText(this._replay, number ? `Replay ${count(number)} …` : "Replay");
  }

  _ask() {
    const letters = [...this._chosen.values()];
    const topics = [...new Set(letters.map((each) => each.origin?.topic).filter(Boolean))];
    const again = letters.filter((each) => each.replays).length;
    const dialog = el("dialog", { "aria-labelledby": "ask", close: () => dialog.remove() },
      el("form", { method: "dialog" }, el("h2", { id: "ask" }, `Replay ${plural(letters.length, "dead letter")}?`),
        el("p", {}, `${letters.length === 1 ? "It goes" : "They go"} back to `, topics.map((topic) => el("code", { class: "line" }, topic)), " with the same ids and keys, and will be handled again."),
        again ? el("p", { class: "alert" }, `${plural(again, "of them was", "of them were")} replayed before.`) : null,
        el("div", { class: "bar-of end" }, el("button", { type: "submit", value: "no", autofocus: true }, "Cancel"), el("button", { type: "button", class: "primary", click: () => { dialog.close(); this._send(letters); } }, "Replay"))));
    document.body.append(dialog);
    dialog.showModal();
  }

  async _send(letters) {
    this._outcome.replaceChildren(el("p", { class: "muted" }, "Sending back …"));
    this._outcome.focus();
    try {
      const { sent, problems } = await postJson(nodeApi(this._domain, this._name, "/dead-letters/replay"), { records: letters.map(({ partition, offset }) => ({ partition, offset })) });
      const lines = [...Object.entries(sent).map(([topic, number]) => `${plural(number, "record")} sent to ${topic}.`), ...problems];
      this._outcome.replaceChildren(el("div", { class: "answer", "data-state": problems.length ? "degraded" : "ready" }, lines.map((line) => el("p", {}, line))));
    } catch (error) {
      this._outcome.replaceChildren(el("div", { class: "answer", "data-state": "lost" }, el("p", {}, `${error.message} ${error.fix ?? ""}`)));
    }
    this.read();
  }
}

function envelopeOf(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
