// What names a member, and why these names belong together.

import { viewAddress } from "../core/address.js";
import { h } from "../core/dom.js";
import { longDate, named, short, t } from "../core/texts.js";

/** An identifier as text: its namespace and the end of its pseudonym. */
export const identifierText = (one) => `${named("namespace", one.namespace)} …${one.pseudonym.slice(-6)}`;

const join = (one) =>
  h("li", null, t("identity.join", { left: identifierText(one.left), right: identifierText(one.right), source: one.source, date: longDate(one.at) }), h("small", null, ` ${one.statement_id}`));
const refusal = (one) => h("li", null, `${identifierText(one.left)} · ${identifierText(one.right)}: `, h("span", { lang: "en" }, one.detail));

/** @param identity As the API explains it; null where it shows the past. */
export function identityPanel(identity) {
  const { joins = [], refusals = [], household = [] } = identity ?? {};
  const parts = [];
  if (joins.length) parts.push(h("h3", null, t("identity.joins")), h("ul", { class: "plainly" }, joins.map(join)));
  if (refusals.length) parts.push(h("h3", null, t("identity.refusals")), h("ul", { class: "plainly" }, refusals.map(refusal)));
  if (household.length) {
    const links = household.map((id) => [h("a", { href: viewAddress("profile", { id }) }, short(id)), " "]);
    parts.push(h("h3", null, t("identity.household")), h("p", null, links));
  }
  return parts.length ? parts : h("p", { class: "quiet" }, t("identity.one_alone"));
}
