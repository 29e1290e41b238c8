// Members who may stand twice: what speaks for it, and what somebody decides.

import { viewAddress } from "../core/address.js";
import { card, empty, h, level, table } from "../core/dom.js";
import { named, number, percent, short, t } from "../core/texts.js";
import { badge } from "./tiles.js";

const NAME = "shopthread-name";
const TONES = { equal: "good", slip: "warn", different: "bad", unknown: "" };

const profile = (side) => h("a", { href: viewAddress("profile", { id: side.one_id }), "data-key": `duplicate-${side.one_id}` }, short(side.one_id));
const signed = (bits) => `${bits < 0 ? "−" : "+"}${number(Math.abs(bits), 1)}`;

/** The weights one after the other, from two members drawn at random to the probability. */
function waterfall(one) {
  let sum = one.prior_weight;
  const rows = [[t("duplicates.prior"), "", signed(one.prior_weight), signed(sum)]];
  for (const each of one.evidence.filter((other) => other.level !== "unknown")) {
    const weight = each.weight + each.frequency_weight;
    sum += weight;
    rows.push([named("trait", each.trait), badge(TONES[each.level], named("match_level", each.level)), signed(weight), signed(sum)]);
  }
  const columns = ["trait", "level", "weight", "sum"].map((name) => ({ title: t(`duplicates.${name}`), number: ["weight", "sum"].includes(name) }));
  return table(columns, rows, { label: t("duplicates.why") });
}

function why(one) {
  const told = one.evidence.filter((each) => each.level === "equal" || each.level === "slip").map((each) => named("trait", each.trait));
  return h("details", { "data-key": `why-${one.id}` }, h("summary", null, t("duplicates.alike", { list: told.join(", ") || "–" })), waterfall(one));
}

/** @param actions {accept(one, by, reason), decline(one, by, reason)} */
export function duplicatesCard({ items, total }, actions) {
  const title = t("duplicates.title");
  if (!items.length) return card({ id: "duplicates", title }, empty(t("duplicates.none"), t("duplicates.none_hint")));
  const keep = (event) => localStorage.setItem(NAME, event.target.value.trim());
  const name = h("input", { "data-key": "duplicates-name", autocomplete: "name", maxlength: 100, required: true, value: localStorage.getItem(NAME) ?? "", onchange: keep });
  const reason = h("input", { "data-key": "duplicates-reason", maxlength: 500 });
  const decide = (what, one) => () => {
    if (name.reportValidity()) actions[what](one, name.value.trim(), reason.value.trim() || null);
  };
  const pair = (one) => `${short(one.left.one_id)}, ${short(one.right.one_id)}`;
  const button = (what, one) => h("button", { type: "button", "data-key": `${what}-${one.id}`, "aria-label": t(`duplicates.${what}_one`, { pair: pair(one) }), onclick: decide(what, one) }, t(`duplicates.${what}`));
  const columns = ["pair", "probability", "why", "decide"].map((each) => ({ title: t(`duplicates.${each}`) }));
  const rows = items.map((one) => [
    [profile(one.left), " ", profile(one.right)],
    h("span", { class: "ranked" }, h("b", null, percent(one.probability, 1)), level(one.probability)),
    why(one),
    h("span", { class: "actions" }, button("accept", one), button("decline", one)),
  ]);
  const who = h("p", { class: "finder" }, h("label", null, t("duplicates.your_name"), name), h("label", null, t("duplicates.reason"), reason));
  return card({ id: "duplicates", title, note: t("duplicates.note", { count: total }) }, who, table(columns, rows, { label: title }));
}
