// Small tools for building the page. Text always goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const drawn = new WeakMap();

/** Draw into a panel only what changed, and keep the keyboard focus where it was. */
export function draw(panel, data, make) {
  const state = JSON.stringify(data);
  if (drawn.get(panel) === state) return;
  drawn.set(panel, state);
  const focused = panel.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const made = make();
  panel.replaceChildren(...(Array.isArray(made) ? made : [made]));
  if (focused) panel.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

export const empty = (title, hint) => h("div", { class: "empty" }, h("strong", null, title), h("span", null, hint));

export const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));
export const percent = (share) => (share === null || share === undefined ? "–" : `${Math.round(share * 100)} %`);
export const short = (id) => id.replaceAll("-", "").slice(-6);

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

export function ago(instant) {
  if (!instant) return "never";
  const seconds = (Date.now() - Date.parse(instant)) / 1000;
  if (seconds < 2) return "just now";
  if (seconds < 120) return `${Math.round(seconds)} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

export const clock = (instant, zone) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(
    new Date(instant),
  );

/** The time of day, and the date before it where that is not today. */
export function moment(instant, zone) {
  if (dayOf(instant, zone) === dayOf(Date.now(), zone)) return clock(instant, zone);
  const date = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short" }).format(new Date(instant));
  return `${date} ${clock(instant, zone)}`;
}

export const dayOf = (instant, zone) => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(instant));

export const money = (minor, currency) =>
  new Intl.NumberFormat("en", { style: "currency", currency }).format(
    minor / 10 ** (new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits),
  );
