// Small tools for building the page. Text always goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const drawn = new WeakMap();

/** Draw into a panel only what changed; keep the keyboard focus and what is unfolded as they were. */
export function draw(panel, data, make) {
  const state = JSON.stringify(data);
  if (drawn.get(panel) === state) return;
  drawn.set(panel, state);
  const focused = panel.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const open = [...panel.querySelectorAll("details[open][data-key]")].map((each) => each.dataset.key);
  const made = make();
  panel.replaceChildren(...[made].flat(Infinity).filter(Boolean));
  for (const key of open) panel.querySelector(`details[data-key="${CSS.escape(key)}"]`)?.setAttribute("open", "");
  if (focused) panel.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

export const empty = (title, hint) => h("div", { class: "empty" }, h("strong", null, title), h("span", null, hint));

/** A card with a heading. `note` stands below the heading, `aside` beside it. */
export function card({ id, title, note, aside }, ...children) {
  const head = h("div", { class: "head" }, h("h2", { id: `${id}-title` }, title), aside, note ? h("p", { class: "note" }, note) : null);
  return h("section", { class: "card", id, "aria-labelledby": `${id}-title` }, head, ...children);
}

/** A table whose first column names its rows. `columns`: {title, number}; `rows`: arrays of text or nodes. */
export function table(columns, rows, { label, named = true } = {}) {
  const cell = (value, index) => {
    const attributes = { class: columns[index].number ? "number" : columns[index].kind };
    return index === 0 && named ? h("th", { ...attributes, scope: "row" }, value) : h("td", attributes, value);
  };
  const heads = columns.map((each) => h("th", { scope: "col", class: each.number ? "number" : null }, each.title));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
    h("table", null, h("thead", null, h("tr", null, heads)), h("tbody", null, rows.map((row) => h("tr", null, row.map(cell))))),
  );
}

/** A bar that shows a share of a whole, for the eye alone. */
export function level(share, tone = "") {
  const bar = h("i");
  bar.style.width = `${Math.round(100 * Math.min(1, Math.max(0, share)))}%`;
  return h("span", { class: `level ${tone}`, "aria-hidden": "true" }, bar);
}
