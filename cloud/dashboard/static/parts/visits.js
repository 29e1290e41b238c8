// The visits of a day, and one of them with its stays and its path.

import { floorPath } from "../charts/path.js";
import { empty, h } from "../core/dom.js";
import { clock, duration, moment, number, short, t } from "../core/texts.js";
import { badge } from "./tiles.js";

/** @param actions {open(id)}: what pressing a visit does. */
export function visitsPanel({ visits, detail, open, zone }, actions) {
  if (!visits.items.length) return empty(t("visits.none"), t("visits.none_hint"));
  const rows = visits.items.flatMap((visit) => {
    const isOpen = open === visit.visit_id;
    const row = h(
      "tr",
      null,
      h("th", { scope: "row" }, h("button", { type: "button", class: "plain", "data-key": visit.visit_id, "aria-expanded": String(isOpen), onclick: () => actions.open(visit.visit_id) }, moment(visit.opened_at, zone))),
      h("td", null, duration(visit.duration_s)),
      h("td", null, number(visit.stays)),
      h("td", null, badge(visit.status, t(visit.status === "open" ? "visits.in_store" : "visits.left")), visit.is_staff ? badge("staff", t("visits.staff")) : null),
      h("td", null, h("code", null, short(visit.visit_id)), h("small", null, ` ${t("visits.revision", { number: visit.revision })}`)),
    );
    return isOpen && detail ? [row, h("tr", { class: "detail" }, h("td", { colspan: 5 }, visitDetail(detail, zone)))] : [row];
  });
  const heads = ["came_in", "stayed", "stops", "now", "visit"].map((name) => h("th", { scope: "col" }, t(`visits.${name}`)));
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("visits.title") }, h("table", null, h("thead", null, h("tr", null, heads)), h("tbody", null, rows)));
}

export function visitDetail(visit, zone) {
  const stays = visit.zone_stays.map((stay) =>
    h("li", null, h("time", { datetime: stay.entered_at }, clock(stay.entered_at, zone)), h("span", null, stay.zone_id), h("small", null, stay.left_at ? duration(stay.dwell_s) : t("visits.still_there"))),
  );
  return h(
    "div",
    { class: "side-by-side" },
    stays.length ? h("ol", { class: "stays" }, stays) : empty(t("visits.no_stay"), t("visits.no_stay_hint")),
    floorPath(visit.path, zone) ?? h("p", { class: "quiet" }, t("visits.no_path")),
  );
}
