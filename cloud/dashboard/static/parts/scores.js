// All customers by how lately and how often they bought.

import { card, empty, h } from "../core/dom.js";
import { number, percent, t } from "../core/texts.js";
import { tableCard } from "../charts/figure.js";

const SCORES = [5, 4, 3, 2, 1];
const HEADS = ["recency", "frequency", "customers", "share", "monetary"];

function cell(found, most) {
  if (found.customers === null) return h("td", { class: "quiet", title: t("cohorts.suppressed") }, "–");
  const value = found.monetary === null ? null : h("small", null, t("scores.value", { score: number(found.monetary, 1) }));
  const node = h("td", { title: t("scores.told", { count: found.customers, share: percent(found.share, 1) }) }, number(found.customers), value);
  node.style.backgroundColor = `color-mix(in srgb, var(--heat-1) ${Math.round(100 * Math.sqrt(found.customers / most))}%, transparent)`;
  return node;
}

export function scoresCard(found, file) {
  const title = t("scores.title");
  if (!found.customers) return card({ id: "scores", title }, empty(t("scores.none"), t("scores.none_hint")));
  const at = (recency, frequency) => found.cells.find((one) => one.recency === recency && one.frequency === frequency);
  const most = Math.max(1, ...found.cells.map((one) => one.customers ?? 0));
  const raw = found.cells.map((one) => HEADS.map((name) => one[name]));
  const note = t("scores.note", { count: found.customers, currency: found.currency });
  const made = tableCard({ id: "scores", title, note, columns: HEADS.map((head) => ({ title: head })), rows: [], heads: HEADS, raw, file });
  const top = h("tr", null, h("th", { scope: "col" }, t("scores.recency")), [...SCORES].reverse().map((score) => h("th", { scope: "col" }, t("scores.frequency", { score }))));
  const rows = SCORES.map((recency) => h("tr", null, h("th", { scope: "row" }, t(`scores.recency_${recency}`)), [...SCORES].reverse().map((frequency) => cell(at(recency, frequency), most))));
  made.querySelector("table").replaceWith(h("table", { class: "cohorts" }, h("thead", null, top), h("tbody", null, rows)));
  return made;
}
