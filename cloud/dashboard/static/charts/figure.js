// A chart with all that belongs to it: heading, legend, the same figures as a table, and files to take away.

import { h, table } from "../core/dom.js";
import { saveCsv, savePng, saveSvg } from "../core/export.js";
import { t } from "../core/texts.js";

function saving({ id, title, svg, heads, rows, file }) {
  const button = (kind, action) => h("button", { type: "button", "data-key": `${id}-${kind}`, onclick: action }, kind.toUpperCase());
  return h(
    "details",
    { class: "menu", "data-key": `${id}-menu` },
    h("summary", { "data-key": `${id}-save`, "aria-label": t("chart.save", { title }) }, t("chart.save_short")),
    h(
      "div",
      null,
      svg ? button("png", () => savePng(file, svg, title)) : null,
      svg ? button("svg", () => saveSvg(file, svg, title)) : null,
      button("csv", () => saveCsv(file, heads, rows)),
    ),
  );
}

function figureCard({ id, title, note, legend, menu }, ...children) {
  const head = [h("h2", { id: `${id}-title` }, title), legend ? h("p", { class: "legend" }, legend) : null, menu, note ? h("p", { class: "note" }, note) : null];
  return h("section", { class: "card", id, "aria-labelledby": `${id}-title` }, h("div", { class: "head" }, head), ...children);
}

/**
 * @param chart {id, title, note, legend, svg, columns, rows, file}: `columns` are {title, number, show}; `rows` hold raw
 *   values, null for what is unknown; `show` turns a value into text. `file` names what is saved, without an ending.
 */
export function chartCard({ id, title, note, legend, svg, columns, rows, file }) {
  const picture = [svg].flat().find((node) => node instanceof SVGElement);
  const menu = saving({ id, title, svg: picture, heads: columns.map((each) => each.title), rows, file });
  const shown = rows.map((row) => row.map((value, index) => (columns[index].show ? columns[index].show(value) : (value ?? "–"))));
  const asTable = h("details", { class: "as-table", "data-key": `${id}-table` }, h("summary", { "data-key": `${id}-summary` }, t("chart.as_table")), table(columns, shown, { label: title }));
  return figureCard({ id, title, note, legend, menu }, svg, asTable);
}

/**
 * A table that is itself what there is to see.
 * @param figure {id, title, note, columns, rows, heads, raw, file}: `rows` hold what is shown, `raw` under `heads` what is
 *   saved.
 */
export function tableCard({ id, title, note, columns, rows, heads, raw, file }) {
  const menu = saving({ id, title, heads, rows: raw, file });
  return figureCard({ id, title, note, menu }, table(columns, rows, { label: title }));
}

export const key = (kind, text) => h("span", { class: "key" }, h("i", { class: `swatch ${kind}` }), text);

export const widthOf = (node, least = 280) => Math.max(least, Math.floor(node.clientWidth || node.parentElement?.clientWidth || 600));

let tip = null;

/** Show text beside the pointer while it is over a node. Who has no pointer reads the table. */
export function tell(node, text) {
  const place = (event) => {
    tip ??= document.body.appendChild(h("div", { id: "tip", "aria-hidden": "true" }));
    tip.textContent = text;
    tip.hidden = false;
    const right = event.clientX + 14 + tip.offsetWidth > innerWidth;
    tip.style.left = `${right ? event.clientX - 14 - tip.offsetWidth : event.clientX + 14}px`;
    tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 4)}px`;
  };
  node.addEventListener("pointermove", place);
  node.addEventListener("pointerleave", () => tip && (tip.hidden = true));
  return node;
}
