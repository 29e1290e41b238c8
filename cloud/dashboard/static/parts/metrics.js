// What views of any metric share: which metric, which currency, how values are written.

import { param } from "../core/address.js";
import { ApiError, read } from "../core/api.js";
import { h } from "../core/dom.js";
import { money, number, page, percent, t } from "../core/texts.js";

let currencies = []; // of shops that sold in several: the API names them when it asks for one

/** Read what needs one currency: the chosen one, else the first of those that there are. */
export async function readMoney(path, query) {
  try {
    return await read(path, { ...query, currency: currencies.length ? (param("currency") ?? currencies[0]) : null });
  } catch (error) {
    const named = error instanceof ApiError && error.status === 422 && /^currency\b/.test(error.message) ? error.message.match(/\b[A-Z]{3}\b/g) : null;
    if (!named || currencies.length) throw error;
    currencies = named;
    return readMoney(path, query);
  }
}

/** What the choice of a currency depends on. */
export const currencyState = () => [currencies, param("currency")];

export function currencyPick(choose) {
  if (!currencies.length) return [];
  const chosen = param("currency") ?? currencies[0];
  return h("p", { class: "pick apart" }, h("label", { class: "pick" }, t("controls.currency"), h("select", { "data-key": "currency", onchange: (event) => choose(event.target.value) }, currencies.map((one) => h("option", { value: one, selected: one === chosen }, one)))));
}

/** @param pick {key, title, chosen}: `chosen` is a metric's name. */
export function metricPick(catalogue, { key, title, chosen }, choose) {
  const select = h("select", { "data-key": key, onchange: (event) => choose(event.target.value) }, catalogue.map((one) => h("option", { value: one.name, selected: one.name === chosen }, one.title[page.language])));
  return h("p", { class: "pick" }, h("label", { class: "pick" }, title, select));
}

/** Return how a metric's values are written. */
export function writer({ unit, currency }) {
  if (unit === "share") return (value) => percent(value, 1);
  if (currency) return (value) => money(value, currency);
  return (value) => number(value, Math.abs(value) < 10 ? 2 : 0);
}
