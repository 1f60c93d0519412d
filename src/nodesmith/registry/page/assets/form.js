// A form out of a JSON Schema. Each field is {element, read(problems)}; `read` returns undefined for what is left out, and
// adds the control to `problems` where what is in it cannot be. What no field is known for is written as JSON.

import { el, setAttribute } from "./dom.js";

const DEEPEST = 8;
let ids = 0;

// `initial` is what the fields begin with. `read()` returns {value, problems}.
export function buildForm(schema, initial) {
  const field = make(schema, { root: schema, name: "", required: true, depth: 0 }, initial);
  return {
    element: field.element,
    read() {
      const problems = [];
      return { value: field.read(problems), problems };
    },
  };
}

// A schema with its references followed and `null` told apart: {schema, nullable}.
export function simplify(schema, root) {
  let now = schema === true || schema === undefined ? {} : schema, nullable = false;
  for (let turn = 0; turn < 20; turn++) {
    if (now.$ref) {
      const { $ref, ...rest } = now;
      now = { ...follow($ref, root), ...rest };
    } else if (now.allOf?.length === 1) {
      const { allOf, ...rest } = now;
      now = { ...allOf[0], ...rest };
    } else if (Array.isArray(now.type)) {
      nullable ||= now.type.includes("null");
      const types = now.type.filter((type) => type !== "null");
      const { type, ...rest } = now;
      now = types.length === 1 ? { ...rest, type: types[0] } : { ...rest, anyOf: types.map((each) => ({ type: each })) };
    } else {
      const options = now.anyOf ?? now.oneOf;
      const real = options?.filter((option) => option.type !== "null");
      if (!options || (real.length === options.length && real.length > 1)) break;
      nullable ||= real.length < options.length;
      const { anyOf, oneOf, ...rest } = now;
      now = real.length === 1 ? { ...real[0], ...rest } : { ...rest, anyOf: real };
    }
  }
  return { schema: now, nullable };
}

function follow(reference, root) {
  let at = root;
  for (const part of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) at = at?.[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  return at && typeof at === "object" ? at : {};
}

// Which field a simplified schema gets.
export function kindOf(schema) {
  if ("const" in schema) return "const";
  if (Array.isArray(schema.enum)) return "enum";
  const options = schema.anyOf ?? schema.oneOf;
  if (options) {
    const types = options.map((option) => option.type).sort().join();
    if (types === "number,string") return "decimal"; // how pydantic writes a Decimal
    return options.length ? "variants" : "json";
  }
  if (schema.type === "string") return { "date-time": "datetime", date: "date", time: "time" }[schema.format] ?? "text";
  if (schema.type === "array") return schema.prefixItems ? "json" : "list";
  if (schema.type === "object" || schema.properties) return schema.properties ? "group" : "map";
  return { integer: "number", number: "number", boolean: "boolean" }[schema.type] ?? "json";
}

const MAKERS = { const: constant, enum: choice, variants, list, group, map, boolean: truth, json: free };

function make(given, context, initial) {
  const { schema, nullable } = simplify(given, context.root);
  const kind = context.depth > DEEPEST ? "json" : kindOf(schema);
  const inner = (value) => (MAKERS[kind] ?? scalar)(schema, { ...context, kind, nullable }, value);
  // Where it cannot be left out to mean nothing, there is a box for nothing; a large part is only there where it is wanted.
  const isPart = (kind === "group" || kind === "variants" || kind === "map") && context.depth > 0;
  if (isPart && (!context.required || nullable)) return included(inner, context, initial, nullable);
  if (nullable && (context.required || (schema.default ?? null) !== null)) return perhapsNull(inner, context, initial);
  return inner(initial ?? undefined);
}

// --- one value ---

const TYPES = { number: "number", datetime: "datetime-local", date: "date", time: "time" };

function scalar(schema, context, initial) {
  const { kind, required } = context;
  const isLong = kind === "text" && (schema.maxLength > 200 || schema.contentMediaType);
  const input = isLong
    ? el("textarea", { rows: 3 })
    : el("input", {
        type: TYPES[kind] ?? "text",
        step: kind === "number" ? (schema.type === "integer" ? "1" : "any") : kind === "datetime" || kind === "time" ? "any" : null,
        inputmode: kind === "decimal" ? "decimal" : null,
        autocomplete: "off",
        spellcheck: "false",
      });
  if (initial !== undefined) input.value = kind === "datetime" ? localTime(initial) : typeof initial === "object" ? JSON.stringify(initial) : String(initial);
  const field = framed(input, schema, context, schema.format === "uuid" ? el("button", { type: "button", class: "small", click: () => (input.value = newId()) }, "New id") : null);
  return field.reading(() => {
    const text = input.value;
    if (input.validity.badInput) throw new Error(kind === "number" ? "This is no number." : "This is no date or time.");
    if (text === "") {
      if (!required) return undefined;
      if (kind !== "text" || schema.minLength > 0 || schema.pattern || schema.format) throw new Error("This is needed.");
    }
    if (kind === "number") return numberOf(text, schema);
    if (kind === "decimal") return decimalOf(text, schema);
    if (kind === "datetime") return new Date(text).toISOString();
    checkText(text, schema);
    return text;
  });
}

function numberOf(text, schema) {
  const number = Number(text);
  if (schema.type === "integer" && !Number.isInteger(number)) throw new Error("This has to be a whole number.");
  if (schema.type === "integer" && !Number.isSafeInteger(number)) throw new Error("This is too large to be sent exactly from here: write the command as JSON.");
  if (number < schema.minimum) throw new Error(`At least ${schema.minimum}.`);
  if (number > schema.maximum) throw new Error(`At most ${schema.maximum}.`);
  if (number <= schema.exclusiveMinimum) throw new Error(`More than ${schema.exclusiveMinimum}.`);
  if (number >= schema.exclusiveMaximum) throw new Error(`Less than ${schema.exclusiveMaximum}.`);
  const times = number / schema.multipleOf;
  if (schema.multipleOf && Math.abs(times - Math.round(times)) > 1e-9) throw new Error(`A multiple of ${schema.multipleOf}.`);
  return number;
}

// As text, so that no digit is lost; its bounds stand where it may be a number.
function decimalOf(text, schema) {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim())) throw new Error("This is no number.");
  numberOf(text, asNumber(schema));
  return text.trim();
}

const asNumber = (schema) => ({ ...schema, ...(schema.anyOf ?? schema.oneOf ?? []).find((option) => option.type === "number"), multipleOf: undefined });

function checkText(text, schema) {
  const length = [...text].length;
  if (length < schema.minLength) throw new Error(`At least ${schema.minLength} ${schema.minLength === 1 ? "character" : "characters"}.`);
  if (length > schema.maxLength) throw new Error(`At most ${schema.maxLength} characters; these are ${length}.`);
  if (schema.format === "uuid" && !/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text)) throw new Error("This is no UUID.");
  let pattern = null;
  try {
    pattern = schema.pattern ? new RegExp(schema.pattern, "u") : null;
  } catch {
    // of another language: the node will say
  }
  if (pattern && !pattern.test(text)) throw new Error(`This does not fit ${schema.pattern}`);
}

function constant(schema, context) {
  const input = el("input", { type: "text", readonly: true, value: JSON.stringify(schema.const) });
  return framed(input, schema, context).reading(() => schema.const);
}

function choice(schema, context, initial) {
  const at = initial === undefined ? -1 : schema.enum.findIndex((value) => value === initial);
  const input = el("select", {}, el("option", { value: "" }, context.required ? "Choose …" : "– left out –"),
    schema.enum.map((value, index) => el("option", { value: index, selected: index === at }, typeof value === "string" ? value : JSON.stringify(value))));
  return framed(input, schema, context).reading(() => {
    if (input.value !== "") return schema.enum[Number(input.value)];
    if (context.required) throw new Error("Choose one.");
    return undefined;
  });
}

function truth(schema, context, initial) {
  if (!context.required) {
    const input = el("select", {}, ["– left out –", "true", "false"].map((text) => el("option", { value: text, selected: text === String(initial) }, text)));
    return framed(input, schema, context).reading(() => ({ true: true, false: false })[input.value]);
  }
  const input = el("input", { type: "checkbox" });
  input.checked = initial === true;
  return framed(input, schema, context).reading(() => input.checked);
}

function free(schema, context, initial) {
  const input = el("textarea", { rows: 3, spellcheck: "false", class: "code", placeholder: "JSON" });
  if (initial !== undefined) input.value = JSON.stringify(initial, null, 2);
  return framed(input, schema, context).reading(() => {
    if (!input.value.trim()) {
      if (!context.required) return undefined;
      throw new Error("This is needed, as JSON.");
    }
    try {
      return JSON.parse(input.value);
    } catch (error) {
      throw new Error(`This is no JSON: ${error.message}`);
    }
  });
}

// A control with its label, what it means, and what is wrong with it.
function framed(input, schema, context, beside) {
  const id = `f${++ids}`;
  const hints = hintsOf(schema, context);
  const hint = hints ? el("p", { class: "hint", id: `${id}h` }, hints) : null;
  const problem = el("p", { class: "problem", id: `${id}p` });
  setAttribute(input, "id", id);
  setAttribute(input, "aria-required", context.required && context.kind !== "const" ? "true" : null);
  setAttribute(input, "aria-describedby", [hint && `${id}h`, `${id}p`].filter(Boolean).join(" "));
  if (context.name) setAttribute(input, "name", context.path ?? context.name);
  const label = el("label", { for: id }, context.name || "Value", el("span", { class: "type" }, ` ${typeOf(schema, context)}`));
  const isBox = input.type === "checkbox";
  const element = el("div", { class: isBox ? "field box" : "field" }, isBox ? [input, label] : [label, el("div", { class: "with" }, input, beside)], hint, problem);
  const reading = (value) => ({
    element,
    read(problems) {
      let message = "";
      let found;
      try {
        found = value();
      } catch (error) {
        message = error.message;
        problems.push(input);
      }
      problem.textContent = message;
      setAttribute(input, "aria-invalid", message ? "true" : null);
      return found;
    },
  });
  return { reading };
}

function typeOf(given, { kind, required }) {
  const schema = kind === "decimal" ? asNumber(given) : given, bounds = [];
  if (schema.minimum !== undefined) bounds.push(`≥ ${schema.minimum}`);
  if (schema.exclusiveMinimum !== undefined) bounds.push(`> ${schema.exclusiveMinimum}`);
  if (schema.maximum !== undefined) bounds.push(`≤ ${schema.maximum}`);
  if (schema.exclusiveMaximum !== undefined) bounds.push(`< ${schema.exclusiveMaximum}`);
  const names = { text: schema.format ?? "text", number: schema.type, datetime: "date and time, your local one", enum: "one of", variants: "one of", map: "names and values" };
  return [names[kind] ?? kind, ...bounds, required ? "" : "optional"].filter(Boolean).join(", ");
}

function hintsOf(schema, { required }) {
  const left = !required && schema.default !== undefined && schema.default !== null ? `Left out: ${JSON.stringify(schema.default)}.` : "";
  const example = schema.examples?.length ? `For example ${JSON.stringify(schema.examples[0])}.` : "";
  return [schema.description, left, example].filter(Boolean).join(" ");
}

// --- parts with values in them ---

function group(schema, context, initial) {
  const needed = new Set(schema.required ?? []);
  const given = isObject(initial) ? initial : {};
  const fields = Object.entries(schema.properties).map(([name, each]) => [name, make(each, inside(context, name, needed.has(name)), given[name])]);
  const body = fields.length ? fields.map(([, field]) => field.element) : el("p", { class: "muted" }, "It takes nothing.");
  return {
    element: context.depth ? set(context, schema, body) : el("div", { class: "fields" }, body),
    read(problems) {
      const read = fields.map(([name, field]) => [name, field.read(problems)]);
      return Object.fromEntries(read.filter(([, value]) => value !== undefined));
    },
  };
}

function list(schema, context, initial) {
  const items = [];
  const holder = el("ol", { class: "items" });
  const problem = el("p", { class: "problem" });
  const number = () => items.forEach((item, at) => setAttribute(item.remove, "aria-label", `Remove ${context.name} ${at + 1}`));
  const append = (value) => {
    const field = make(schema.items ?? {}, inside(context, `${context.name} ${items.length + 1}`, true), value);
    const remove = el("button", { type: "button", class: "small", click: () => {
      items.splice(items.indexOf(item), 1);
      item.element.remove();
      number();
      add.focus();
    } }, "Remove");
    const item = { field, remove, element: el("li", {}, field.element, remove) };
    items.push(item);
    holder.append(item.element);
    number();
    return field;
  };
  const add = el("button", { type: "button", class: "small", click: () => append(undefined).element.querySelector("input, select, textarea")?.focus() }, `Add to ${context.name || "the list"}`);
  for (const value of Array.isArray(initial) ? initial : []) append(value);
  while (context.required && items.length < Math.min(schema.minItems ?? 0, 3)) append(undefined);
  return {
    element: set(context, schema, [holder, add, problem]),
    read(problems) {
      const values = items.map((item) => item.field.read(problems));
      if (!values.length && !context.required) return undefined;
      const wrong = values.length < schema.minItems ? `At least ${schema.minItems}.` : values.length > schema.maxItems ? `At most ${schema.maxItems}.` : "";
      problem.textContent = wrong;
      if (wrong) problems.push(add);
      return values;
    },
  };
}

function map(schema, context, initial) {
  const rows = [];
  const holder = el("ol", { class: "items" });
  const append = (name, value) => {
    const key = scalar({ type: "string", minLength: 1 }, inside({ ...context, kind: "text" }, "name", true), name);
    const field = make(isObject(schema.additionalProperties) ? schema.additionalProperties : {}, inside(context, "value", true), value);
    const row = { key, field, element: el("li", {}, key.element, field.element) };
    row.element.append(el("button", { type: "button", class: "small", "aria-label": `Remove from ${context.name}`, click: () => { rows.splice(rows.indexOf(row), 1); row.element.remove(); add.focus(); } }, "Remove"));
    rows.push(row);
    holder.append(row.element);
    return row;
  };
  const add = el("button", { type: "button", class: "small", click: () => append().element.querySelector("input").focus() }, `Add to ${context.name || "the names"}`);
  for (const [name, value] of Object.entries(isObject(initial) ? initial : {})) append(name, value);
  return {
    element: set(context, schema, [holder, add]),
    read: (problems) => Object.fromEntries(rows.map((row) => [row.key.read(problems), row.field.read(problems)])),
  };
}

function variants(schema, context, initial) {
  const options = schema.anyOf ?? schema.oneOf;
  const names = options.map((option, at) => { const { schema: each } = simplify(option, context.root); return each.title ?? each.type ?? `variant ${at + 1}`; });
  const holder = el("div", {});
  const id = `f${++ids}`;
  let field;
  const turn = (at, value) => {
    field = make(options[at], { ...context, required: true, depth: context.depth + 1, name: names[at] }, value);
    holder.replaceChildren(field.element);
  };
  const select = el("select", { id, change: () => turn(Number(select.value)) }, names.map((name, at) => el("option", { value: at }, name)));
  const first = Math.max(0, options.findIndex((option) => initial !== undefined && fits(simplify(option, context.root).schema, initial)));
  select.value = String(first);
  turn(first, initial);
  return { element: set(context, schema, [el("div", { class: "field" }, el("label", { for: id }, "Kind"), select), holder]), read: (problems) => field.read(problems) };
}

function fits(schema, value) {
  const type = Array.isArray(value) ? "array" : value === null ? "null" : typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
  if (schema.type !== type && !(schema.type === "number" && type === "integer")) return false;
  return type !== "object" || (Object.entries(schema.properties ?? {}).every(([name, each]) => !("const" in each) || each.const === value[name]) && (schema.required ?? []).every((name) => name in value));
}

// A part that may be left out is built when it is wanted: so a schema that contains itself has an end.
function included(inner, context, initial, nullable) {
  const id = `f${++ids}`;
  const box = el("input", { type: "checkbox", id });
  const holder = el("div", {});
  let field = null;
  const turn = () => {
    field = box.checked ? inner(initial ?? undefined) : null;
    holder.replaceChildren(...(field ? [field.element] : []));
  };
  box.checked = initial !== undefined && initial !== null;
  box.addEventListener("change", turn);
  turn();
  return {
    element: el("div", { class: "perhaps" }, el("div", { class: "field box" }, box, el("label", { for: id }, context.name, el("span", { class: "type" }, nullable && context.required ? " or null" : " optional"))), holder),
    read: (problems) => (field ? field.read(problems) : nullable && context.required ? null : undefined),
  };
}

function perhapsNull(inner, context, initial) {
  const id = `f${++ids}`;
  const box = el("input", { type: "checkbox", id });
  const field = inner(initial ?? undefined);
  box.checked = initial === null;
  const turn = () => { for (const each of field.element.querySelectorAll("input, select, textarea, button")) each.disabled = box.checked; };
  box.addEventListener("change", turn);
  turn();
  return {
    element: el("div", { class: "perhaps" }, field.element, el("div", { class: "field box" }, box, el("label", { for: id }, `null for ${context.name || "it"}`))),
    read: (problems) => (box.checked ? null : field.read(problems)),
  };
}

const set = (context, schema, body) =>
  el("fieldset", {}, el("legend", {}, context.name || "Value", el("span", { class: "type" }, ` ${typeOf(schema, context)}`)), schema.description && context.kind !== "const" ? el("p", { class: "hint" }, schema.description) : null, body);

const inside = (context, name, required) => ({ ...context, name, required, depth: context.depth + 1, path: context.path ? `${context.path}.${name}` : name });
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function localTime(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return "";
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 23);
}

// As `crypto.randomUUID`, which browsers have on encrypted pages alone.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}
