// All shops: which draw people, how that changes, and where something is wrong.

import { param, setParams, viewAddress } from "../core/address.js";
import { ApiError, read, readRows } from "../core/api.js";
import { card, draw, empty, h, level } from "../core/dom.js";
import { addDays, periodBefore } from "../core/period.js";
import { ago, number, sharePercent, signedPercent, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { tableCard, widthOf } from "../charts/figure.js";
import { isPartial } from "../charts/columns.js";
import { sparkline } from "../charts/spark.js";
import { faultsOf } from "../parts/devices.js";
import { sum } from "../parts/footfall.js";
import { mapCard, readLand } from "../parts/map.js";
import { currencyState, readMoney } from "../parts/metrics.js";
import { rankingCard } from "../parts/ranking.js";
import { tile } from "../parts/tiles.js";

const REFRESH_MS = 60_000;

const FOOTFALL = "/v1/metrics/footfall_in";
const COMPARABLE = 0.8; // from which share observed on two times are compared

/** Return the rows of each store, by its name in addresses. */
const byStore = (rows) => d3.group(rows, (row) => row.store);

async function readChain(period) {
  const earlier = periodBefore(period, "UTC");
  const days = ({ first, last }) => ({ from: first, to: addDays(last, 1), by: "store" });
  const [totals, now, before, devices, alerts] = await Promise.all([
    readRows(FOOTFALL, { ...days(period), grain: "total" }),
    readRows(FOOTFALL, { ...days(period), grain: period.grain }),
    readRows(FOOTFALL, { ...days(earlier), grain: period.grain }),
    read("/v1/devices"),
    read("/v1/alerts", { state: "active", limit: 1 }),
  ]);
  return { alerts, totals: byStore(totals), now: byStore(now), before: byStore(before), devices: byStore(devices) };
}

/** Return the relative change over the intervals that are over and were observed well both times; null: there is none. */
function changeOf(now, before) {
  const isSure = (row) => row && row.value !== null && !row.is_partial && (row.coverage ?? 0) >= COMPARABLE;
  const pairs = now.map((row, index) => [row, before[index]]).filter((pair) => pair.every(isSure));
  const then = d3.sum(pairs, (pair) => pair[1].value);
  return then ? d3.sum(pairs, (pair) => pair[0].value) / then - 1 : null;
}

function rowOf(store, chain) {
  const devices = chain.devices.get(store.store) ?? [];
  const now = chain.now.get(store.store) ?? [];
  const [total] = chain.totals.get(store.store) ?? [{ value: null, coverage: null }];
  return {
    store,
    entered: total.value,
    coverage: total.coverage,
    change: changeOf(now, chain.before.get(store.store) ?? []),
    points: now.map((row) => ({ value: row.value, coverage: row.coverage, isFuture: Date.parse(row.start) > Date.now(), isOpen: row.is_partial })),
    devices: devices.length,
    faults: devices.flatMap((device) => faultsOf(device).map((fault) => `${device.device} ${fault}`)),
  };
}

/** The best first; those of which nothing is known last, by name. */
const ranked = (rows) => [...rows].sort((a, b) => (b.entered ?? -1) - (a.entered ?? -1) || a.store.name.localeCompare(b.store.name));

function tiles(rows, { open, acknowledged }) {
  const observed = rows.filter((row) => row.entered !== null);
  const partial = observed.filter((row) => isPartial(row.coverage));
  const silent = rows.filter((row) => row.faults.length);
  const entered = sum(rows.map((row) => row.entered));
  return [
    tile({ name: t("overview.entered"), value: number(entered), note: t("overview.entered_note", { seen: observed.length, count: rows.length }), tone: "leading" }),
    tile({ name: t("overview.shops"), value: number(rows.length), note: t("overview.shops_note", { count: rows.length - observed.length }) }),
    tile({ name: t("overview.partly"), value: number(partial.length), note: t("overview.partly_note"), tone: partial.length ? "warn" : "" }),
    tile({ name: t("overview.alerts"), value: number(silent.length), note: t("overview.alerts_note"), tone: silent.length ? "bad" : "" }),
    tile({ name: t("overview.open_alerts"), value: number(open), note: h("a", { href: viewAddress("alerts") }, t("overview.open_alerts_note", { count: acknowledged })), tone: open ? "bad" : "" }),
  ];
}

const change = (share) =>
  share === null ? h("span", { class: "quiet" }, "–") : h("span", { class: `change ${share > 0.005 ? "up" : share < -0.005 ? "down" : ""}` }, `${share > 0.005 ? "▲" : share < -0.005 ? "▼" : "■"} ${signedPercent(share)}`);

function alerts(row) {
  if (!row.devices) return h("span", { class: "quiet" }, t("overview.no_device"));
  if (!row.faults.length) return h("span", { class: "good" }, t("overview.all_well"));
  return h("span", { class: "bad", title: row.faults.join("\n") }, t("overview.faults", { count: row.faults.length }), h("small", null, ` ${row.faults[0]}`));
}

const carriedPeriod = () => Object.fromEntries(["period", "from", "to"].map((name) => [name, param(name)]));

function ranking(rows, file) {
  const best = Math.max(1, ...rows.map((row) => row.entered ?? 0));
  const columns = ["shop", "entered", "change", "course", "observed", "state"].map((name) => ({ title: t(`overview.${name}`), number: name === "change" }));
  const carried = carriedPeriod();
  const shown = rows.map((row) => [
    h("a", { href: viewAddress("shop", { store: row.store.store, ...carried }) }, row.store.name),
    row.entered === null ? h("span", { class: "quiet" }, t("footfall.not_observed")) : h("span", { class: "ranked" }, h("b", null, number(row.entered)), level(row.entered / best)),
    change(row.change),
    sparkline(row.points, t("overview.course_label", { shop: row.store.name })),
    h("span", { class: "ranked" }, h("b", null, sharePercent(row.coverage)), row.coverage === null ? null : level(row.coverage, isPartial(row.coverage) ? "warn" : "")),
    alerts(row),
  ]);
  const raw = rows.map((row) => [row.store.store, row.store.name, row.entered, row.change, row.coverage, row.faults.join("; "), row.store.last_event_at]);
  const heads = ["store", "name", "entered", "change", "coverage", "faults", "last_event_at"];
  return tableCard({ id: "ranking", title: t("overview.ranking"), note: t("overview.ranking_note"), columns, rows: shown, heads, raw, file });
}

const DEFAULT_RANK = "conversion_by_visit";

/** Return the catalogue, and the metric by which shops are to be ranked: or why that is refused, for the card to say. */
const readRanks = ({ first, last }) =>
  Promise.all([
    read("/v1/metrics"),
    readMoney(`/v1/metrics/${encodeURIComponent(param("rank") ?? DEFAULT_RANK)}`, { from: first, to: addDays(last, 1), grain: "total", by: "store", compare: "period_before" }),
  ]).catch((error) => {
    if (error instanceof ApiError) return error;
    throw error;
  });

function refusedRanks(reason) {
  const back = h("a", { href: viewAddress("overview", carriedPeriod()) }, t("ranks.usual"));
  return card({ id: "ranks", title: t("ranks.title") }, empty(t("ranks.refused"), h("span", { lang: "en" }, reason)), h("p", null, back));
}

function drawRanks(ranks, { stores, period: { first, last }, refresh }) {
  if (ranks instanceof ApiError) {
    draw(panel("overview-ranks"), [ranks.message, carriedPeriod()], () => refusedRanks(ranks.message));
    return;
  }
  const [catalogue, answer] = ranks;
  const choose = (name) => (value) => {
    setParams({ [name]: value });
    refresh();
  };
  const told = catalogue.filter((one) => one.grains.includes("total"));
  const file = `shopthread-shops-${answer.metric}-${first}-${last}`;
  draw(panel("overview-ranks"), [answer, currencyState()], () => rankingCard({ answer, catalogue: told, stores, file }, { metric: choose("rank"), currency: choose("currency") }));
}

async function load(context) {
  const { stores, period } = context;
  const [chain, ranks] = await Promise.all([readChain(period), readRanks(period)]);
  const rows = ranked(stores.map((store) => rowOf(store, chain)));
  const { first, last } = period;
  draw(panel("overview-tiles"), [rows, chain.alerts], () => h("div", { class: "figures", role: "group", "aria-label": t("shop.figures") }, tiles(rows, chain.alerts)));
  const width = widthOf(panel("overview-map")) - 38;
  const land = await readLand(rows, width);
  draw(panel("overview-map"), [rows, width, carriedPeriod()], () => mapCard({ rows, land, width, file: `shopthread-map-${first}-${last}`, carried: carriedPeriod() }));
  draw(panel("overview-ranking"), [rows, Math.floor(Date.now() / REFRESH_MS)], () => ranking(rows, `shopthread-shops-${first}-${last}`));
  drawRanks(ranks, context);
  const latest = stores.map((store) => store.last_event_at).filter(Boolean).sort().at(-1);
  return t("overview.latest", { ago: ago(latest) });
}

startView(load, { everyMs: REFRESH_MS });
