// Elements out of plain values. Texts become text nodes and nothing else: what nodes say of themselves is never markup.

const SVG = "http://www.w3.org/2000/svg";

export const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === null || value === undefined || value === false) continue;
    else if (name !== "href" || isAddress(value)) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// A place in this page, or a web address: anything else a node may claim is shown, but leads nowhere.
export const isAddress = (text) => /^(#|https?:\/\/)/i.test(text);

export const outside = (url) =>
  isAddress(url) ? el("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, url) : el("span", {}, url);

// Written only where it is new, so that nothing flickers and selections stay.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// Makes `parent` hold these children in this order, moving as few as it can: who has the focus keeps it.
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const child of children) {
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
}

const ARCHETYPES = {
  effect: "M13 2.5 5 13.5h6l-1 8 8-11h-6z",
  compute: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4",
  reducer: "M3.5 5h17l-6.500 8v5.500l-4 2V13z",
  orchestrator: "M12 3v6M12 9 5 15M12 9l7 6M12 9v6M9.500 3.500h5M3 15.500h4v4H3zM10 15.500h4v4h-4zM17 15.500h4v4h-4z",
};
const STATES = {
  ready: "M6 1.5a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9z",
  starting: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6z",
  degraded: "M6 .8 11.600 11H.4z",
  draining: "M1 5h10a5 5 0 0 1-10 0zM2 2h8v1.500H2z",
  stopped: "M2 2h8v8H2z",
  lost: "M2.600 1 6 4.400 9.400 1 11 2.600 7.600 6 11 9.400 9.400 11 6 7.600 2.600 11 1 9.400 4.400 6 1 2.600z",
};

export const archetypeIcon = (archetype) =>
  svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: ARCHETYPES[archetype] ?? "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z" }));

// A shape for each state, not a colour alone.
export const stateIcon = (state) =>
  svg("svg", { viewBox: "0 0 12 12", class: "glyph", "aria-hidden": "true" }, svg("path", { d: STATES[state] ?? STATES.stopped }));

export const badge = (state, text = state) => el("span", { class: "badge", "data-state": state }, stateIcon(state), text);

export const pair = (term, ...value) => el("div", {}, el("dt", {}, term), el("dd", {}, ...value));

// The last values as a small line; the figure stands beside it, so it is for the eye alone.
export function spark(line, values) {
  const most = 1.3 * Math.max(...values, 1e-9), step = 64 / Math.max(1, values.length - 1);
  setAttribute(line, "points", values.map((value, at) => `${(at * step).toFixed(1)},${(17 - (value / most) * 14).toFixed(1)}`).join(" "));
}
export const sparkline = () =>
  svg("svg", { viewBox: "0 0 64 20", class: "spark", "aria-hidden": "true", preserveAspectRatio: "none" }, svg("polyline", {}));

// A name that may be broken after the marks in it, and nowhere else as long as it fits.
export const breakable = (text) => text.split(/(?<=[_./-])|(?<=[a-z])(?=[A-Z])/).flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part]));

export function setBreakable(element, text) {
  if (element.textContent !== text) element.replaceChildren(...breakable(text));
}

// Pages of a long list: a browser, and a person, can do with so many rows at once.
export class Pager {
  constructor(size, turned, label) {
    this.size = size;
    this.at = 0;
    const turn = (by) => () => { this.at += by; turned(); };
    this.back = el("button", { type: "button", click: turn(-1) }, "Previous");
    this.next = el("button", { type: "button", click: turn(1) }, "Next");
    this.text = el("span", {});
    this.element = el("nav", { class: "pager", "aria-label": label, hidden: true }, this.back, this.text, this.next);
  }

  slice(all) {
    const pages = Math.max(1, Math.ceil(all.length / this.size));
    this.at = Math.min(Math.max(0, this.at), pages - 1);
    const first = this.at * this.size, end = Math.min(all.length, first + this.size);
    this.element.hidden = pages === 1;
    this.back.disabled = this.at === 0;
    this.next.disabled = this.at === pages - 1;
    setText(this.text, `${(first + 1).toLocaleString("en")} to ${end.toLocaleString("en")} of ${all.length.toLocaleString("en")}`);
    return all.slice(first, end);
  }
}
