// What happened to a member, day by day, the latest first.

import { h } from "../core/dom.js";
import { clock, date, dayOf, money, named, percent, t } from "../core/texts.js";
import { whyDetails } from "./explanation.js";
import { badge } from "./tiles.js";

function what(entry, zone) {
  if (entry.kind === "visit") return entry.left_at ? t("timeline.until", { time: clock(entry.left_at, zone) }) : t("timeline.still_in");
  return entry.gtin ?? entry.receipt_id ?? entry.zone_id ?? "";
}

function why(entry) {
  if (entry.links.length) return entry.links.map(whyDetails);
  return entry.not_eligible ? h("p", null, t("timeline.not_linked", { why: named("ineligible", entry.not_eligible) })) : null;
}

function entryOf(entry, zoneOf, nameOf) {
  const zone = zoneOf(entry.store);
  const weight = entry.weight === null || entry.weight === undefined || entry.weight === 1 ? null : h("small", null, t("timeline.weight", { share: percent(entry.weight) }));
  return h(
    "li",
    { class: `${entry.kind} ${entry.state}` },
    h(
      "div",
      null,
      h("time", { datetime: entry.at }, clock(entry.at, zone)),
      h("b", null, named("touch", entry.kind)),
      h("span", null, what(entry, zone)),
      entry.total_minor === null ? null : h("strong", null, money(entry.total_minor, entry.currency)),
      h("small", null, nameOf(entry.store)),
      weight,
      entry.state === "stands" ? null : badge(entry.state, t(`timeline.${entry.state}`)),
    ),
    why(entry),
  );
}

/** @param zoneOf, nameOf Tell a store's time zone and its name. */
export function timeline(entries, zoneOf, nameOf) {
  const days = new Map();
  for (const entry of entries) {
    const day = dayOf(entry.at, zoneOf(entry.store));
    if (!days.has(day)) days.set(day, { title: date(entry.at, zoneOf(entry.store)), entries: [] });
    days.get(day).entries.push(entry);
  }
  return [...days.values()].map((day) => [h("h3", { class: "day" }, day.title), h("ol", { class: "timeline" }, day.entries.map((entry) => entryOf(entry, zoneOf, nameOf)))]);
}
