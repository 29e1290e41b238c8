// How far the figures of a shop can be trusted: what was observed, what was refused, what waits, how sure links are.

import { read } from "../core/api.js";
import { card, draw, empty, h, level, table } from "../core/dom.js";
import { addDays, midnight } from "../core/period.js";
import { ago, date, dayOf, hourAndMinute, moment, named, number, percent, shortDate, sharePercent, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { hourGrid } from "../charts/hours.js";
import { chartCard, key, tableCard, widthOf } from "../charts/figure.js";
import { isPartial } from "../charts/columns.js";
import { faultsOf, hearing } from "../parts/devices.js";
import { coverageOf } from "../parts/footfall.js";
import { decisionBadge, DECISIONS } from "../parts/links.js";
import { tile } from "../parts/tiles.js";

const DAYS = 28;
const REFRESH_MS = 30_000;
const SHOWN_LETTERS = 10;
const LONG_LAG = 1000;

const at = (id) => document.getElementById(id);

/** Return the share of some days' events that came in late; null: there were none. */
function lateShare(rows, name) {
  const events = d3.sum(rows, (row) => row.events);
  return events ? d3.sum(rows, (row) => row[name]) / events : null;
}

function tiles({ week, devices, letters, reconciliation, precision, lateness }) {
  const coverage = coverageOf(week);
  const faulty = devices.filter((device) => faultsOf(device).length).length;
  return [
    tile({ name: t("quality.observed"), value: sharePercent(coverage), note: t("quality.observed_note"), tone: isPartial(coverage) ? "warn" : "leading" }),
    tile({ name: t("quality.faulty"), value: number(faulty), note: t("quality.of_devices", { count: devices.length }), tone: faulty ? "bad" : "" }),
    tile({ name: t("quality.lag"), value: number(reconciliation.lag_events), note: t("quality.lag_note"), tone: reconciliation.lag_events > LONG_LAG ? "warn" : "" }),
    tile({ name: t("quality.late"), value: percent(lateShare(lateness, "late_1h"), 1), note: t("quality.late_note", { share: percent(lateShare(lateness, "late_24h"), 1) }) }),
    tile({ name: t("quality.refused"), value: number(letters.total), note: t("quality.refused_note"), tone: letters.total ? "warn" : "" }),
    tile({ name: t("quality.precision"), value: percent(precision.expected_precision, 1), note: precision.expected_precision === null ? t("quality.precision_unknown") : t("quality.precision_note", { count: precision.estimated }) }),
  ];
}

function byDay(buckets, zone) {
  const days = new Map();
  for (const bucket of buckets) {
    const day = bucket.local_from.slice(0, 10);
    if (!days.has(day)) days.set(day, { label: date(bucket.from, zone), hours: [] });
    const isFuture = bucket.expected_s === 0 && Date.parse(bucket.from) > Date.now();
    const said = isFuture ? t("footfall.to_come") : bucket.coverage === null ? t("quality.nothing_expected") : t("footfall.observed", { share: sharePercent(bucket.coverage) });
    days.get(day).hours.push({ hour: Number(bucket.local_from.slice(11, 13)), share: bucket.coverage, isFuture, told: `${date(bucket.from, zone)} ${hourAndMinute(bucket.from, zone)}\n${said}` });
  }
  return [...days.values()].reverse();
}

function coverageCard(footfall, zone, width, file) {
  const buckets = footfall.buckets;
  return chartCard({
    id: "coverage",
    title: t("quality.coverage"),
    note: t("quality.coverage_note", { devices: footfall.devices.join(", ") || "–" }),
    legend: [key("share-3", t("quality.over", { share: percent(0.95) })), key("share-2", t("quality.over", { share: percent(0.8) })), key("share-1", t("quality.over", { share: percent(0.5) })), key("share-0", t("quality.less")), key("unseen", t("footfall.not_observed")), key("nothing", t("quality.nothing_expected"))],
    svg: hourGrid({ days: byDay(buckets, zone), width, label: t("quality.coverage_label", { share: sharePercent(coverageOf(buckets)) }) }),
    columns: [{ title: t("footfall.hour") }, { title: t("footfall.coverage"), number: true, show: sharePercent }, { title: t("quality.observed_s"), number: true, show: number }, { title: t("quality.expected_s"), number: true, show: number }],
    rows: buckets.filter((bucket) => bucket.expected_s > 0).map((bucket) => [`${shortDate(bucket.from, zone)} ${hourAndMinute(bucket.from, zone)}`, bucket.coverage, Math.round(bucket.observed_s), Math.round(bucket.expected_s)]),
    file,
  });
}

function devicesCard(devices, zone, file) {
  if (!devices.length) return card({ id: "devices", title: t("device.all") }, empty(t("quality.no_device"), t("quality.no_device_hint")));
  const columns = ["device", "state", "heard", "observed_until", "version", "waiting", "problems"].map((name) => ({ title: t(`quality.${name}`), number: name === "waiting" }));
  const rows = devices.map((device) => {
    const { tone, word } = hearing(device);
    const health = device.health ?? {};
    const faults = faultsOf(device);
    const model = [health.software_version, health.model_name].filter(Boolean).join(", ");
    return [
      device.device,
      h("span", null, h("i", { class: `dot ${tone}` }), ` ${word}`),
      ago(device.last_seen_at),
      device.observed_until ? moment(device.observed_until, zone) : "–",
      model || "–",
      number(health.queue_depth),
      faults.length ? h("span", { class: "warn" }, faults.join(", ")) : h("span", { class: "good" }, t("quality.none")),
    ];
  });
  const heads = ["device", "last_seen_at", "observed_until", "events", "software_version", "model_name", "model_version", "queue_depth", "fps", "temperature_c", "clock_offset_ms", "input_errors", "dead_letters"];
  const raw = devices.map((device) => heads.map((name) => (name in device ? device[name] : (device.health?.[name] ?? null))));
  return tableCard({ id: "devices", title: t("device.all"), columns, rows, heads, raw, file });
}

function linksCard(links, precision) {
  const total = DECISIONS.reduce((sum, kind) => sum + links.counts[kind], 0);
  if (!total) return card({ id: "links", title: t("quality.links") }, empty(t("links.none"), t("links.none_hint")));
  const rows = DECISIONS.map((kind) => h("li", null, h("span", null, decisionBadge(kind), h("small", null, t(`decision.${kind}_about`))), level(links.counts[kind] / total), h("strong", null, number(links.counts[kind]))));
  const said = precision.expected_precision === null ? t("quality.precision_unknown") : t("quality.precision_long", { share: percent(precision.expected_precision, 1), count: precision.estimated });
  return card({ id: "links", title: t("quality.links"), note: said }, h("ul", { class: "zones wide" }, rows), links.waiting ? h("p", { class: "quiet" }, t("quality.waiting_links", { count: links.waiting })) : null);
}

function lettersCard(letters) {
  if (!letters.total) return card({ id: "letters", title: t("quality.letters") }, empty(t("quality.no_letter"), t("quality.no_letter_hint")));
  const reasons = Object.entries(letters.by_reason).map(([why, count]) => h("li", null, h("span", null, named("refusal", why)), level(count / letters.total, "warn"), h("strong", null, number(count))));
  const columns = ["when", "reason", "detail"].map((name) => ({ title: t(`quality.${name}`) }));
  const rows = letters.items.map((letter) => [ago(letter.received_at), named("refusal", letter.reason), h("span", { lang: "en" }, letter.detail)]);
  return card({ id: "letters", title: t("quality.letters"), note: t("quality.letters_note") }, h("ul", { class: "zones" }, reasons), table(columns, rows, { label: t("quality.letters"), named: false }), h("p", { class: "quiet" }, t("quality.replay"), h("code", null, " POST /v1/dead-letters/replay")));
}

function latenessCard(rows, file) {
  if (!rows.length) return card({ id: "lateness", title: t("quality.lateness") }, empty(t("quality.no_events"), t("quality.no_events_hint")));
  const columns = ["day", "events", "late_1h", "late_24h"].map((name) => ({ title: t(`quality.${name}`), number: name !== "day" }));
  const day = (row) => date(`${row.day}T00:00:00Z`, "UTC");
  const shown = [...rows].reverse().map((row) => [day(row), number(row.events), h("span", { class: row.late_1h ? "warn" : null }, percent(row.share_late_1h, 1)), h("span", { class: row.late_24h ? "warn" : null }, percent(row.share_late_24h, 1))]);
  const heads = ["store", "day", "events", "late_1h", "late_24h", "share_late_1h", "share_late_24h"];
  return tableCard({ id: "lateness", title: t("quality.lateness"), note: t("quality.lateness_note"), columns, rows: shown, heads, raw: rows.map((row) => heads.map((name) => row[name])), file });
}

function projectionsCard(reconciliation) {
  const columns = [{ title: t("quality.projection") }, { title: t("quality.position"), number: true }, { title: t("quality.waiting"), number: true }];
  const rows = reconciliation.projections.map((one) => [h("code", null, one.name), number(one.position), h("span", { class: one.waiting_events > LONG_LAG ? "warn" : null }, number(one.waiting_events))]);
  const failure = reconciliation.projection_failure ? h("p", { class: "notice bad" }, t("health.stand_still", { why: reconciliation.projection_failure })) : null;
  return card({ id: "projections", title: t("quality.projections"), note: t("quality.projections_note", { head: reconciliation.log_head }) }, failure, table(columns, rows, { label: t("quality.projections") }));
}

function frame() {
  const column = (...ids) => h("div", { class: "column" }, ids.map((id) => h("div", { id })));
  return [h("div", { id: "tiles" }), h("div", { class: "stack" }, h("div", { id: "hours" }), h("div", { id: "all-devices" }), h("div", { class: "grid even" }, column("all-links", "all-projections"), column("all-letters", "all-lateness")))];
}

async function load({ store, zone }) {
  const today = dayOf(Date.now(), zone);
  const [from, to] = [addDays(today, 1 - DAYS), addDays(today, 1)].map((day) => new Date(midnight(day, zone)).toISOString());
  const path = `/v1/stores/${store.store}`;
  const [footfall, devices, reconciliation, letters, links, precision, late] = await Promise.all([
    read(`${path}/footfall`, { from, to, grain: "hour" }),
    read(`${path}/devices`),
    read(`${path}/reconciliation`),
    read("/v1/dead-letters", { limit: SHOWN_LETTERS }),
    read("/v1/links", { store: store.store, limit: 1 }),
    read("/v1/links/precision", { store: store.store }),
    read("/v1/lateness", { store: store.store, from: addDays(today, 1 - DAYS), to: addDays(today, 1) }),
  ]);
  draw(panel("quality"), "frame", frame);
  const week = footfall.buckets.slice(-7 * 24);
  const second = Math.floor(Date.now() / REFRESH_MS);
  const width = widthOf(at("hours")) - 38;
  draw(at("tiles"), [week, devices, letters, reconciliation, precision, late, second], () => h("div", { class: "figures", role: "group", "aria-label": t("shop.figures") }, tiles({ week, devices, letters, reconciliation, precision, lateness: late.rows.filter((row) => row.day > addDays(today, -7)) })));
  draw(at("hours"), [footfall, width], () => coverageCard(footfall, zone, width, `shopthread-${store.store}-coverage-${today}`));
  draw(at("all-devices"), [devices, second], () => devicesCard(devices, zone, `shopthread-${store.store}-devices`));
  draw(at("all-links"), [links.counts, links.waiting, precision], () => linksCard(links, precision));
  draw(at("all-projections"), reconciliation, () => projectionsCard(reconciliation));
  draw(at("all-lateness"), late, () => latenessCard(late.rows, `shopthread-${store.store}-lateness`));
  draw(at("all-letters"), [letters, second], () => lettersCard(letters));
}

startView(load, { everyMs: REFRESH_MS });
