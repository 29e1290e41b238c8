// One function a panel: data in, nodes out.

import { floorPath } from "./chart.js";
import { ago, clock, duration, empty, h, moment, money, number, percent, short } from "./dom.js";

const DECISIONS = {
  linked: "linked to one visit",
  party: "somebody of one party: nobody knows who",
  ambiguous: "several fit: none linked",
  null: "no visit fits",
  vetoed: "no consent: not compared",
};
const NOT_ELIGIBLE = {
  no_member: "no member shown",
  no_zone: "terminal has no zone",
  no_in_store_proof: "no proof of being in the store",
  reversal: "void or refund",
};
const KINDS = { visit: "Visit", scan: "Scan", sale: "Purchase", void: "Void", refund: "Refund" };

const figure = (name, value, note, tone) =>
  h("div", { class: `figure ${tone ?? ""}` }, h("span", { class: "name" }, name), h("strong", null, value), h("span", { class: "note" }, note));

const passersBy = (day) => (day && day.passby.in !== null ? day.passby.in + day.passby.out : null);

export function figures({ occupancy, day, visits, links, isToday }) {
  const inside = occupancy.inside_by_tripwires;
  const entered = day ? day.entrance.in : null;
  const unseen = entered === null && !visits.total;
  const settled = Object.values(links.counts).reduce((sum, count) => sum + count, 0);
  return [
    figure("Inside now", inside < 0 ? "–" : number(inside), inside < 0 ? `${number(-inside)} more out than in today: some were missed` : "in minus out at the entrance, today", "strong"),
    figure("Entered", number(entered), entered === null ? "nothing observed, so unknown" : isToday ? "today" : "that day"),
    figure("Passers-by", number(passersBy(day)), "over the lines drawn for them"),
    figure("Visits", unseen ? "–" : number(visits.customer_visits), unseen ? "nothing observed, so unknown" : `of customers that day; ${number(visits.staff_visits)} of staff left out`),
    figure("Linked touches", number(links.counts.linked), `of ${number(settled)} that members made, all days`),
    figure("Observed", percent(day ? day.coverage : null), "of the time, over all cameras", day && day.coverage !== null && day.coverage < 0.95 ? "warn" : ""),
  ];
}

export function occupancyPanel(occupancy, zone) {
  if (!occupancy.zones.length) {
    return empty("No zone counts today", "Cameras send them once zones are drawn in their configuration.");
  }
  const oldest = occupancy.zones.map((one) => one.at).sort()[0];
  const most = Math.max(1, ...occupancy.zones.map((one) => one.people));
  const rows = occupancy.zones.map((one) => {
    const level = h("i");
    level.style.width = `${(100 * one.people) / most}%`;
    return h(
      "li",
      null,
      h("span", { class: "zone" }, one.zone_id, h("small", null, ` ${one.zone_kind.replace("_", " ")}`)),
      h("div", { class: "level", "aria-hidden": "true" }, level),
      h("strong", { title: `${one.device}, ${clock(one.at, zone)}` }, String(one.people)),
    );
  });
  return [h("ul", { class: "zones" }, ...rows), h("p", { class: "quiet" }, `${number(occupancy.people_in_zones)} ${occupancy.people_in_zones === 1 ? "person" : "people"}, by each camera's latest count, none older than ${clock(oldest, zone)}`)];
}

export const badge = (kind) => h("span", { class: `badge ${kind}` }, kind);

export function linksPanel({ links, shown, zone }, actions) {
  const counts = links.counts;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const skipped = Object.entries(links.not_eligible);
  const tail = skipped.length
    ? h("p", { class: "quiet" }, "Not eligible: ", skipped.map(([reason, count]) => `${number(count)} ${NOT_ELIGIBLE[reason] ?? reason}`).join(", "), ".")
    : null;
  if (!total) {
    return [empty("No touch of a member yet", "A scan or purchase at which a member shows a card appears here."), tail].filter(Boolean);
  }
  const strip = h(
    "div",
    { class: "strip", role: "img", "aria-label": Object.entries(counts).map(([kind, count]) => `${count} ${kind}`).join(", ") },
    ...Object.entries(counts).filter(([, count]) => count).map(([kind, count]) => {
      const part = h("i", { class: kind });
      part.style.flexGrow = String(count);
      return part;
    }),
  );
  const chips = h(
    "div",
    { class: "chips", role: "group", "aria-label": "Show decisions" },
    ...["all", ...Object.keys(counts)].map((kind) =>
      h(
        "button",
        { type: "button", "data-key": `chip-${kind}`, "aria-pressed": String(shown === kind), title: DECISIONS[kind], onclick: () => actions.show(kind) },
        kind === "all" ? `all ${number(total)}` : `${kind} ${number(counts[kind])}`,
      ),
    ),
  );
  const rows = links.items.map((link) =>
    h(
      "tr",
      null,
      h("td", null, h("time", { datetime: link.touch.at }, link.touch.at ? moment(link.touch.at, zone) : "–")),
      h("td", null, KINDS[link.touch.kind] ?? "Touch", h("small", null, ` ${link.touch.zone_id ?? ""}`)),
      h("td", null, badge(link.decision), link.stage === "provisional" ? h("small", { title: "A visit is open or may yet arrive" }, " for now") : null),
      h("td", { class: "why" }, link.reason),
      h(
        "td",
        { class: "go" },
        h("button", { type: "button", class: "plain", "data-key": `profile-${link.id}`, onclick: () => actions.profile(link.one_id) }, `profile ${short(link.one_id)}`),
      ),
    ),
  );
  const heads = ["Time", "Touch", "Decision", "Why", "Member"].map((name) => h("th", { scope: "col" }, name));
  const table = h("div", { class: "scroll" }, h("table", { class: "decisions" }, h("thead", null, h("tr", null, ...heads)), h("tbody", null, ...rows)));
  return [strip, chips, links.items.length ? table : empty("None of these", "Choose another decision above."), tail].filter(Boolean);
}

export function visitsPanel({ visits, detail, open, zone }, actions) {
  if (!visits.items.length) return empty("No visit is known of this day", "A visit appears as soon as the store's gateway reports one.");
  const rows = visits.items.flatMap((visit) => {
    const isOpen = open === visit.visit_id;
    const row = h(
      "tr",
      { class: isOpen ? "chosen" : null },
      h(
        "td",
        null,
        h("button", { type: "button", class: "plain", "data-key": visit.visit_id, "aria-expanded": String(isOpen), onclick: () => actions.open(visit.visit_id) }, clock(visit.opened_at, zone)),
      ),
      h("td", null, duration(visit.duration_s)),
      h("td", null, number(visit.stays)),
      h("td", null, h("span", { class: `badge ${visit.status}` }, visit.status === "open" ? "in the store" : "left"), visit.is_staff ? badge("staff") : null),
      h("td", null, h("code", null, short(visit.visit_id)), h("small", null, ` rev. ${visit.revision}`)),
    );
    return isOpen && detail ? [row, h("tr", { class: "detail" }, h("td", { colspan: 5 }, visitDetail(detail, zone)))] : [row];
  });
  const heads = ["Came in", "Stayed", "Stops", "Now", "Visit"].map((name) => h("th", { scope: "col" }, name));
  return h("div", { class: "scroll" }, h("table", null, h("thead", null, h("tr", null, ...heads)), h("tbody", null, ...rows)));
}

function visitDetail(visit, zone) {
  const stays = visit.zone_stays.map((stay) =>
    h("li", null, h("time", { datetime: stay.entered_at }, clock(stay.entered_at, zone)), h("span", null, stay.zone_id), h("small", null, stay.left_at ? duration(stay.dwell_s) : "still there")),
  );
  const path = floorPath(visit.path, zone, clock);
  return h(
    "div",
    { class: "visit-detail" },
    stays.length ? h("ol", { class: "stays" }, ...stays) : empty("No stay in any zone", "The path crossed none of the drawn zones."),
    path ?? h("p", { class: "quiet" }, "No path: the camera has no floor calibration."),
  );
}

export function profilePanel(profile, zone) {
  if (!profile) return empty("No member yet", "A profile appears with the first card that somebody shows at a terminal.");
  const totals = profile.sales.map((total) => `${money(total.total_minor, total.currency)} in ${total.sales} ${total.sales === 1 ? "purchase" : "purchases"}`);
  const facts = [
    ["Known by", profile.identifiers.map((one) => `${one.namespace.replace("_", " ")} …${one.pseudonym.slice(-6)}`).join(", ")],
    ["Bought", totals.join(", ") || "nothing yet"],
    ["Visits linked", number(profile.linked_visits)],
    ["Consent to linking", profile.consent_to_visit_linking ? "given" : "not given: no visit is linked"],
  ];
  return [
    h("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
    h("ol", { class: "timeline" }, ...profile.timeline.slice(0, 14).map((entry) => timelineEntry(entry, zone))),
  ];
}

function timelineEntry(entry, zone) {
  const link = entry.links[0];
  const what = entry.kind === "visit" ? (entry.left_at ? `until ${clock(entry.left_at, zone)}` : "still in the store") : entry.gtin ?? entry.receipt_id ?? entry.zone_id ?? "";
  const price = entry.total_minor === null ? null : h("strong", null, money(entry.total_minor, entry.currency));
  const why = entry.kind === "visit" ? `Linked by ${entry.links.length} ${entry.links.length === 1 ? "touch" : "touches"}: ${link.reason}` : link ? `${link.decision}: ${link.reason}` : entry.not_eligible ? `not linked: ${NOT_ELIGIBLE[entry.not_eligible] ?? entry.not_eligible}` : null;
  return h(
    "li",
    { class: `${entry.kind} ${entry.state}` },
    h("div", null, h("time", { datetime: entry.at }, moment(entry.at, zone)), h("b", null, KINDS[entry.kind]), h("span", null, what), price, entry.state === "stands" ? null : badge(entry.state)),
    why ? h("p", null, why) : null,
  );
}

const REPORTING_S = 120;
const QUIET_S = 900;

/** How a device is doing, by how long ago it was last heard. A terminal without customers is quiet, not broken. */
function hearing(device) {
  const age = (Date.now() - Date.parse(device.last_seen_at)) / 1000;
  if (age < REPORTING_S) return ["good", "reporting"];
  return age < QUIET_S ? ["quiet", "quiet"] : ["bad", "silent"];
}

export function healthPanel({ reconciliation, devices, deadLetters }) {
  const lag = reconciliation.lag_events;
  const facts = [
    ["Events stored", number(reconciliation.total_events), null],
    ["Figures behind by", lag ? `${number(lag)} events` : "nothing", lag > 1000 ? "warn" : "good"],
    ["Links to settle", reconciliation.waiting_links ? number(reconciliation.waiting_links) : "none", reconciliation.waiting_links > 100 ? "warn" : "good"],
    ["Refused, all stores", deadLetters.total ? Object.entries(deadLetters.by_reason).map(([reason, count]) => `${number(count)} ${reason.replaceAll("_", " ")}`).join(", ") : "none", deadLetters.total ? "warn" : "good"],
  ];
  const rows = devices.map((device) => {
    const [tone, word] = hearing(device);
    const fps = device.health && device.health.fps !== null ? `, ${device.health.fps.toFixed(1)} fps` : "";
    return h(
      "li",
      null,
      h("i", { class: `dot ${tone}` }),
      h("span", null, device.device),
      h("small", null, `${word}, ${ago(device.last_seen_at)}${fps}`),
    );
  });
  return [
    reconciliation.projection_failure ? h("p", { class: "notice bad" }, `Figures stand still: ${reconciliation.projection_failure}`) : null,
    h("dl", { class: "facts" }, ...facts.flatMap(([name, value, tone]) => [h("dt", null, name), h("dd", { class: tone }, value)])),
    h("ul", { class: "devices", "aria-label": "Devices" }, ...rows),
    deadLetters.total ? h("p", { class: "quiet" }, "Refused events are kept. After the fix: POST /v1/dead-letters/replay.") : null,
  ].filter(Boolean);
}
