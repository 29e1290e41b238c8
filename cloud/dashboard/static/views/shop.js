// One shop: now, and its hours or days beside those a week before.

import { param, setParams } from "../core/address.js";
import { read } from "../core/api.js";
import { card, draw, h } from "../core/dom.js";
import { periodBefore } from "../core/period.js";
import { number, sharePercent, signedPercent, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { widthOf } from "../charts/figure.js";
import { isPartial } from "../charts/columns.js";
import { deviceList } from "../parts/devices.js";
import { changeAgainst, coverageOf, footfallCard, sum } from "../parts/footfall.js";
import { followShop, liveOf, occupancyPanel } from "../parts/live.js";
import { linksPanel } from "../parts/links.js";
import { tile } from "../parts/tiles.js";
import { visitsPanel } from "../parts/visits.js";

const REFRESH_MS = 5000; // what the stream of the shop does not tell
const OLD_MS = 60_000; // how long the days before stay as they were read
const SHOWN_VISITS = 12;
const SHOWN_LINKS = 10;

let decision = "all";
let before = { of: null, atMs: 0, footfall: null };

async function readBefore(store, period, zone) {
  const asked = JSON.stringify([store, period.first, period.last]);
  if (before.of !== asked || Date.now() - before.atMs > OLD_MS) {
    const { from, to } = periodBefore(period, zone);
    before = { of: asked, atMs: Date.now(), footfall: await read(`/v1/stores/${store}/footfall`, { from, to, grain: period.grain }) };
  }
  return before.footfall;
}

function tiles({ occupancy, footfall, earlier, visits, period }) {
  const inside = occupancy.inside_by_tripwires;
  const buckets = footfall.buckets;
  const entered = sum(buckets.map((bucket) => bucket.entrance.in));
  const passing = sum(buckets.flatMap((bucket) => [bucket.passby.in, bucket.passby.out]));
  const coverage = coverageOf(buckets);
  const change = changeAgainst(buckets, earlier.buckets);
  const unseen = entered === null && !visits.total;
  const now = { name: t("shop.inside"), value: inside < 0 ? "–" : number(inside), note: inside < 0 ? t("shop.inside_negative", { count: -inside }) : inside === null ? t("shop.unknown") : t("shop.inside_note"), tone: "leading" };
  return [
    period.isNow ? tile(now) : null,
    tile({ name: t("shop.entered"), value: number(entered), note: entered === null ? t("shop.unknown") : t(period.isNow && period.days === 1 ? "shop.so_far" : "shop.in_period") }),
    tile({ name: t("shop.change"), value: signedPercent(change), note: change === null ? t("shop.no_change") : t("shop.change_note") }),
    tile({ name: t("shop.passers_by"), value: passing === 0 ? "–" : number(passing), note: passing === null ? t("shop.unknown") : t(passing ? "shop.passers_by_note" : "shop.no_passers_by") }),
    tile({ name: t("shop.visits"), value: unseen ? "–" : number(visits.customer_visits), note: unseen ? t("shop.unknown") : t("shop.visits_note", { staff: visits.staff_visits }) }),
    tile({ name: t("shop.observed"), value: sharePercent(coverage), note: t("shop.observed_note"), tone: isPartial(coverage) ? "warn" : "" }),
  ];
}

function healthPanel({ reconciliation, devices, deadLetters }, store) {
  const { lag_events: lag, waiting_links: waiting } = reconciliation;
  const facts = [
    [t("health.stored"), number(reconciliation.total_events), null],
    [t("health.behind"), lag ? t("health.events", { count: lag }) : t("health.nothing"), lag > 1000 ? "warn" : "good"],
    [t("health.links"), waiting ? number(waiting) : t("health.none"), waiting > 100 ? "warn" : "good"],
    [t("health.refused"), deadLetters.total ? number(deadLetters.total) : t("health.none"), deadLetters.total ? "warn" : "good"],
  ];
  return [
    reconciliation.projection_failure ? h("p", { class: "notice bad" }, t("health.stand_still", { why: reconciliation.projection_failure })) : null,
    h("dl", { class: "facts" }, facts.map(([name, value, tone]) => [h("dt", null, name), h("dd", { class: tone }, value)])),
    deviceList(devices),
  ];
}

function frame() {
  const left = [
    h("div", { id: "chart" }),
    card({ id: "links", title: t("links.title"), note: t("links.note") }, h("div", { id: "links-body" })),
    card({ id: "visits", title: t("visits.title"), aside: h("p", { class: "quiet", id: "visits-count" }) }, h("div", { id: "visits-body" })),
  ];
  const right = [
    card({ id: "zones", title: t("zones.title") }, h("div", { id: "zones-body" })),
    card({ id: "health", title: t("health.title"), aside: h("a", { href: "/quality", "data-carries": "store" }, t("health.more")) }, h("div", { id: "health-body" })),
  ];
  return [h("div", { id: "tiles", class: "figures", role: "group", "aria-label": t("shop.figures") }), h("div", { class: "grid" }, h("div", { class: "column" }, left), h("div", { class: "column" }, right))];
}

const at = (id) => document.getElementById(id);

async function showVisits({ store, period, zone, refresh }) {
  const visit = param("visit");
  const [visits, detail] = await Promise.all([
    read(`/v1/stores/${store.store}/visits`, { from: period.from, to: period.to, limit: SHOWN_VISITS }),
    visit ? read(`/v1/visits/${visit}`) : null,
  ]);
  at("visits-count").textContent = visits.total > visits.items.length ? t("visits.latest", { shown: visits.items.length, count: visits.total }) : "";
  const open = (id) => {
    setParams({ visit: visit === id ? null : id });
    refresh();
  };
  draw(at("visits-body"), [visits, detail], () => visitsPanel({ visits, detail, open: visit, zone }, { open }));
  return visits;
}

async function showLinks({ store, zone, refresh }) {
  const links = await read("/v1/links", { store: store.store, decision: decision === "all" ? null : decision, limit: SHOWN_LINKS });
  const show = (kind) => {
    decision = kind;
    refresh();
  };
  draw(at("links-body"), [links, decision], () => linksPanel({ links, shown: decision, zone }, { show }));
}

async function showHealth({ store }) {
  const [reconciliation, devices, deadLetters] = await Promise.all([
    read(`/v1/stores/${store.store}/reconciliation`),
    read(`/v1/stores/${store.store}/devices`),
    read("/v1/dead-letters", { limit: 1 }),
  ]);
  draw(at("health-body"), [reconciliation, devices, deadLetters, Math.floor(Date.now() / REFRESH_MS)], () => healthPanel({ reconciliation, devices, deadLetters }));
}

let shown = null; // what the tiles show besides what the stream tells

/** Draw what the stream tells. */
function drawNow() {
  const { store, zone, period, footfall, earlier, visits } = shown;
  const now = liveOf(store.store) ?? { occupancy: shown.occupancy, queues: [] };
  draw(at("zones-body"), now, () => occupancyPanel(now, zone));
  draw(at("tiles"), [now.occupancy, footfall, earlier, visits.total], () => tiles({ occupancy: now.occupancy, footfall, earlier, visits, period }));
}

async function load(context) {
  const { store, period, zone } = context;
  const path = `/v1/stores/${store.store}`;
  const [footfall, earlier, occupancy] = await Promise.all([
    read(`${path}/footfall`, { from: period.from, to: period.to, grain: period.grain }),
    readBefore(store.store, period, zone),
    liveOf(store.store)?.occupancy ?? read(`${path}/occupancy`),
  ]);
  draw(panel("shop"), "frame", frame);
  const width = widthOf(at("chart")) - 38;
  const file = `shopthread-${store.store}-footfall-${period.first}-${period.last}`;
  draw(at("chart"), [footfall, earlier, width], () =>
    footfallCard({ footfall, before: earlier, zone, grain: period.grain, width, file, title: t(period.grain === "hour" ? "footfall.by_hour" : "footfall.by_day") }),
  );
  at("zones").hidden = !period.isNow;
  const [visits] = await Promise.all([showVisits(context), showLinks(context), showHealth(context)]);
  shown = { store, zone, period, footfall, earlier, visits, occupancy };
  drawNow();
  followShop(period.isNow ? store.store : null, drawNow);
}

document.addEventListener("visibilitychange", () => shown && followShop(shown.period.isNow ? shown.store.store : null, drawNow));

startView(load, { everyMs: REFRESH_MS });
