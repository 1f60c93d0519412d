// One operation: what it takes and gives, and a form that sends a command and shows what came of it.

import { nodeApi, postJson } from "./api.js";
import { badge, el, pair, setAttribute } from "./dom.js";
import { buildForm } from "./form.js";
import { DASH, duration, milliseconds } from "./format.js";
import { showJson } from "./json.js";

const WAIT_SECONDS = 30;
const OUTCOMES = { completed: "ready", failed: "lost", "no answer": "degraded" };
let ids = 0;

export class Operation {
  constructor(domain, name, operation, done) {
    Object.assign(this, { _domain: domain, _name: name, _operation: operation, _done: done, _id: `o${++ids}` });
    this.element = el("details", { class: "operation", toggle: () => this._open() },
      el("summary", {}, el("h3", {}, operation.name), el("span", { class: "muted" }, operation.description ?? "")));
  }

  // Built when it is looked at: there may be hundreds.
  _open() {
    if (!this.element.open || this._holder) return;
    const { input_schema: input, output_schema: output, event_type: type, key, timeout_seconds: seconds } = this._operation;
    this._holder = el("div", { class: "holder" });
    this._result = el("div", { class: "result", role: "status" }, el("p", { class: "muted hint" }, "The answer is shown here."));
    this._send = el("button", { class: "primary" }, "Send command");
    const mode = (value, label) => {
      const radio = el("input", { type: "radio", name: `${this._id}m`, id: `${this._id}${value}`, value, change: () => this._turn(value) });
      radio.checked = value === (input ? "form" : "json");
      return el("span", {}, radio, el("label", { for: radio.id }, label));
    };
    const wait = (this._wait = el("input", { id: `${this._id}w`, type: "number", min: "1", max: "300", step: "any", value: Math.min(300, Math.max(WAIT_SECONDS, seconds ?? 0)) }));
    this._keyInput = el("input", { id: `${this._id}k`, type: "text", autocomplete: "off", maxlength: "1000" });
    const form = el("form", { novalidate: true, "aria-label": `Command ${this._operation.name}`, submit: (event) => { event.preventDefault(); this._submit(); } },
      el("fieldset", { class: "modes" }, el("legend", { class: "unseen" }, "How to write it"), input ? mode("form", "Form") : null, mode("json", "JSON")),
      this._holder,
      el("details", { class: "quiet" }, el("summary", {}, "Key and patience"),
        el("div", { class: "field" }, el("label", { for: this._keyInput.id }, "Record key ", el("span", { class: "type" }, "optional; commands with the same one are handled in order")), this._keyInput),
        el("div", { class: "field" }, el("label", { for: wait.id }, "Wait for the answer ", el("span", { class: "type" }, "seconds")), wait)),
      el("div", { class: "bar-of" }, this._send));
    const schema = (label, document) => (document ? el("details", { class: "quiet" }, el("summary", {}, label), showJson(document, label)) : null);
    this.element.append(el("div", { class: "inside sides" },
      el("div", {}, el("dl", { class: "facts small" }, pair("Event type", el("code", {}, type ?? DASH)), pair("Key", key ? el("code", {}, key) : "none"), pair("May take", seconds ? duration(seconds) : "no limit")),
        form),
      el("div", {}, this._result, schema("JSON Schema of the input", input), schema("JSON Schema of the output", output))));
    this._turn(input ? "form" : "json");
  }

  _turn(mode) {
    if (mode === "form") {
      let initial;
      try {
        initial = this._text ? JSON.parse(this._text.value) : undefined;
      } catch {
        // what is no JSON is not taken over
      }
      this._form = buildForm(this._operation.input_schema, initial);
      this._text = null;
      return this._holder.replaceChildren(this._form.element);
    }
    const value = this._form?.read().value ?? {};
    this._form = null;
    this._text = el("textarea", { id: `${this._id}t`, class: "code", rows: "8", spellcheck: "false" });
    this._text.value = JSON.stringify(value, null, 2);
    this._wrong = el("p", { class: "problem", id: `${this._id}p` });
    setAttribute(this._text, "aria-describedby", this._wrong.id);
    this._holder.replaceChildren(el("div", { class: "field" }, el("label", { for: this._text.id }, "Payload ", el("span", { class: "type" }, "a JSON object, sent as it is")), this._text, this._wrong));
  }

  // The payload as text, so that JSON goes as it was written; undefined where it cannot go.
  _payload() {
    if (this._form) {
      const { value, problems } = this._form.read();
      problems[0]?.focus();
      return problems.length ? undefined : JSON.stringify(value);
    }
    let message = "";
    try {
      const value = JSON.parse(this._text.value);
      if (typeof value !== "object" || value === null || Array.isArray(value)) message = "This is no JSON object: write it in { }.";
    } catch (error) {
      message = `This is no JSON: ${error.message}`;
    }
    this._wrong.textContent = message;
    setAttribute(this._text, "aria-invalid", message ? "true" : null);
    if (message) this._text.focus();
    return message ? undefined : this._text.value;
  }

  async _submit() {
    const payload = this._payload();
    if (payload === undefined || this._send.disabled) return;
    const about = { operation: this._operation.name, timeout_seconds: Number(this._wait.value) || WAIT_SECONDS };
    if (this._keyInput.value) about.key = this._keyInput.value;
    this._send.disabled = true;
    this._result.replaceChildren(el("p", { class: "muted" }, "Sent; waiting for the answer …"));
    try {
      this._show(await postJson(nodeApi(this._domain, this._name, "/commands"), `${JSON.stringify(about).slice(0, -1)},"payload":${payload}}`));
    } catch (error) {
      this._result.replaceChildren(el("div", { class: "answer", "data-state": "lost" }, el("p", {}, badge("lost", "not sent")), el("p", {}, error.message), el("p", { class: "muted" }, error.fix ?? "")));
    }
    this._send.disabled = false;
    this._done();
  }

  _show({ outcome, payload, duration_ms: took, envelope_id: id, correlation_id: story }) {
    const failed = outcome === "failed" && payload;
    const words = outcome === "no answer" ? "Nobody answered in time. The command may still be handled: see under Records." : failed ? `${payload.error_type}: ${payload.message}` : "";
    this._result.replaceChildren(el("div", { class: "answer", "data-state": OUTCOMES[outcome] },
      el("p", { class: "bar-of" }, badge(OUTCOMES[outcome], outcome), el("span", { class: "muted" }, `after ${milliseconds(took)}`)),
      words ? el("p", { class: "words" }, words) : null,
      failed ? el("p", { class: "muted" }, `${payload.attempts} ${payload.attempts === 1 ? "attempt" : "attempts"}; ${payload.retryable ? "it may work another time" : "it will not work another time as it is"}.`) : null,
      outcome === "completed" ? showJson(payload, "Answer") : null,
      el("p", { class: "muted small" }, "Envelope ", el("code", {}, id), ", correlation ", el("code", {}, story))));
  }
}
