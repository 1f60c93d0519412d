// JSON for people: indented, with colours, as text nodes.

import { el } from "./dom.js";

const LONGEST = 200_000;

export function showJson(value, label) {
  const parts = [];
  write(value, "", parts);
  const text = parts.map(([, word]) => word).join("");
  if (text.length > LONGEST) return el("pre", { class: "json", tabindex: "0", "aria-label": label }, `${text.slice(0, LONGEST)}\n… ${text.length - LONGEST} more characters`);
  return el("pre", { class: "json", tabindex: "0", "aria-label": label }, parts.map(([kind, word]) => (kind ? el("span", { class: kind }, word) : word)));
}

function write(value, indent, parts) {
  const more = `${indent}  `;
  if (Array.isArray(value) || (typeof value === "object" && value !== null)) {
    const entries = Array.isArray(value) ? value.map((each) => [null, each]) : Object.entries(value);
    const [open, close] = Array.isArray(value) ? "[]" : "{}";
    if (!entries.length) return parts.push(["", open + close]);
    parts.push(["", `${open}\n`]);
    entries.forEach(([name, each], at) => {
      parts.push(["", more]);
      if (name !== null) parts.push(["k", JSON.stringify(name)], ["", ": "]);
      write(each, more, parts);
      parts.push(["", at < entries.length - 1 ? ",\n" : "\n"]);
    });
    return parts.push(["", indent + close]);
  }
  const kind = typeof value === "string" ? "s" : typeof value === "number" || typeof value === "bigint" ? "n" : "b";
  return parts.push([kind, typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? "null")]);
}
