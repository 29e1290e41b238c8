// Shops by any metric of the catalogue, the highest first.

import { viewAddress } from "../core/address.js";
import { h, level } from "../core/dom.js";
import { page, percent, signedPercent, t } from "../core/texts.js";
import { tableCard } from "../charts/figure.js";
import { currencyPick, metricPick, writer } from "./metrics.js";

const COMPARABLE = 0.8; // from which share observed on two times are compared
const HEADS = ["store", "name", "value", "before", "change", "coverage"];

/** The highest first; those of which nothing is known last, by name. */
const ranked = (rows) => [...rows].sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity) || a.name.localeCompare(b.name));

/** Return the change of what is over and was observed well both times; null: there is none to tell. */
const changeOf = ({ compared, is_partial: isPartial, coverage }) => (compared && !isPartial && (coverage ?? 1) >= COMPARABLE && (compared.coverage ?? 1) >= COMPARABLE ? compared.change : null);

/**
 * @param answer A metric's total of each shop, compared with an earlier one.
 * @param choose {metric, currency}: called with what was chosen.
 */
export function rankingCard({ answer, catalogue, stores, file }, choose) {
  const definition = catalogue.find((one) => one.name === answer.metric);
  const names = new Map(stores.map((store) => [store.store, store.name]));
  const rows = ranked(answer.rows.map((row) => ({ ...row, name: names.get(row.store) ?? row.store })));
  const most = Math.max(...rows.map((row) => Math.abs(row.value ?? 0))) || 1;
  const show = writer(answer);
  const shown = rows.map((row) => [
    h("a", { href: viewAddress("shop", { store: row.store }) }, row.name),
    row.value === null ? h("span", { class: "quiet" }, t(definition.has_coverage && !row.coverage ? "footfall.not_observed" : "ranks.none")) : h("span", { class: "ranked" }, h("b", null, show(row.value)), level(Math.abs(row.value) / most)),
    signedPercent(changeOf(row)),
    row.coverage === null ? "–" : percent(row.coverage),
  ]);
  const title = t("ranks.title");
  const columns = [{ title: t("overview.shop") }, { title: definition.title[page.language] }, { title: t("ranks.change"), number: true }, { title: t("overview.observed"), number: true }];
  const raw = rows.map((row) => [row.store, row.name, row.value, row.compared?.value ?? null, changeOf(row), row.coverage]);
  const made = tableCard({ id: "ranks", title, note: [h("span", { lang: "en" }, definition.formula), ` · ${t("ranks.note")}`], columns, rows: shown, heads: HEADS, raw, file });
  made.querySelector(".head").after(metricPick(catalogue, { key: "rank", title: t("ranks.by"), chosen: answer.metric }, choose.metric), currencyPick(choose.currency));
  return made;
}
