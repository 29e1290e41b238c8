// Who came back, by when they first came.

import { card, empty, h } from "../core/dom.js";
import { number, percent, shortDate, t } from "../core/texts.js";
import { tableCard } from "../charts/figure.js";

const GRAINS = ["week", "month"];

function cell(cohort, offset) {
  const found = cohort.cells.find((one) => one.offset === offset);
  if (!found) return h("td");
  if (found.share === null) return h("td", { class: "quiet", title: t("cohorts.suppressed") }, "–");
  const node = h("td", { class: found.is_partial ? "partial" : null, title: t(found.is_partial ? "cohorts.partial" : "cohorts.members", { count: found.members }) }, percent(found.share), found.is_partial ? h("span", { class: "unheard" }, ` ${t("cohorts.partly")}`) : null);
  node.style.backgroundColor = `color-mix(in srgb, var(--heat-1) ${Math.round(100 * Math.sqrt(found.share))}%, transparent)`;
  return node;
}

/** @param choose Called with the length of the periods to show. */
export function cohortsCard(found, file, choose) {
  const chips = h(
    "div",
    { class: "chips", role: "group", "aria-label": t("cohorts.grain") },
    GRAINS.map((grain) => h("button", { type: "button", "data-key": `cohort-${grain}`, "aria-pressed": String(found.grain === grain), onclick: () => choose(grain) }, t(`cohorts.by_${grain}`))),
  );
  const cohorts = found.cohorts.filter((cohort) => cohort.size !== 0);
  if (!cohorts.length) return card({ id: "cohorts", title: t("cohorts.title") }, chips, empty(t("cohorts.none"), t("cohorts.none_hint")));
  const last = Math.max(...cohorts.flatMap((cohort) => cohort.cells.map((one) => one.offset)), 0);
  const offsets = d3.range(0, last + 1);
  const heads = ["start", "size", ...offsets.map((offset) => `+${offset}`)];
  const raw = cohorts.map((cohort) => [cohort.start, cohort.size, ...offsets.map((offset) => cohort.cells.find((one) => one.offset === offset)?.share ?? null)]);
  const made = tableCard({ id: "cohorts", title: t("cohorts.title"), note: t("cohorts.note", { count: found.least_members }), columns: heads.map((title) => ({ title })), rows: [], heads, raw, file });
  const body = cohorts.map((cohort) => h("tr", null, h("th", { scope: "row" }, shortDate(cohort.start, "UTC")), h("td", null, cohort.size === null ? "–" : number(cohort.size)), offsets.map((offset) => cell(cohort, offset))));
  const top = h("tr", null, h("th", { scope: "col" }, t("cohorts.first")), h("th", { scope: "col" }, t("cohorts.size")), offsets.map((offset) => h("th", { scope: "col" }, offset === 0 ? t("cohorts.same") : t(`cohorts.after_${found.grain}`, { count: offset }))));
  made.querySelector("table").replaceWith(h("table", { class: "cohorts" }, h("thead", null, top), h("tbody", null, body)));
  made.querySelector(".head").after(chips);
  return made;
}
