// The floor of a shop: where people stood, zones, queues, devices.

import { param, setParams } from "../core/address.js";
import { read } from "../core/api.js";
import { card, draw, empty, h } from "../core/dom.js";
import { addDays } from "../core/period.js";
import { clock, date, duration, named, number, percent, sharePercent, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { chartCard, key, tableCard, widthOf } from "../charts/figure.js";
import { floorChart, stepsOf } from "../charts/floor.js";
import { isPartial } from "../charts/columns.js";
import { deviceList } from "../parts/devices.js";
import { tile } from "../parts/tiles.js";

const REFRESH_MS = 15_000;
const MAX_HEAT_DAYS = 7;
const SHOWN_PATHS = 10;
const METRICS = ["queue_wait", "queue_abandonment", "dwell", "occupancy_peak"];

const at = (id) => document.getElementById(id);

/** Return the ways of the latest visits of which cameras tell one. */
async function readTrails(store, { from, to }, zone) {
  const visits = await read(`/v1/stores/${store}/visits`, { from, to, limit: SHOWN_PATHS });
  const details = await Promise.all(visits.items.map((visit) => read(`/v1/visits/${visit.visit_id}`)));
  return details.filter(({ path }) => path.length > 1).map((visit) => ({ path: visit.path, label: t("floor.path_of", { at: clock(visit.opened_at, zone), time: duration(visit.duration_s) }) }));
}

/** @param trails null: they are not to be shown. */
function pathsSwitch(trails, choose) {
  const note = trails ? h("span", { class: "quiet" }, t("floor.paths_shown", { count: trails.length })) : null;
  return h("div", { class: "chips" }, h("button", { type: "button", "data-key": "paths", "aria-pressed": String(trails !== null), onclick: () => choose(trails === null) }, t("floor.paths", { most: SHOWN_PATHS })), note);
}

function heatCard({ heat, plan, trails, width, file, zone, choose }) {
  const title = t("floor.heat");
  const hasPlan = plan.zones.length || plan.obstacles.length;
  const note = [t("floor.note", { from: date(heat.from, zone), share: sharePercent(heat.coverage) }), isPartial(heat.coverage) ? h("b", { class: "warn" }, ` ${t("floor.partly")}`) : null, hasPlan ? null : ` ${t("floor.no_plan")}`];
  if (!heat.squares?.length && !hasPlan && !trails?.length) {
    return card({ id: "heat", title }, heat.squares === null ? empty(t("floor.not_observed"), t("floor.not_observed_hint")) : empty(t("floor.nobody"), t("floor.nobody_hint")));
  }
  const squares = heat.squares ?? [];
  const steps = squares.length ? stepsOf(squares).map((limit, step) => key(`heat-${step}`, t("floor.up_to", { time: duration(limit) }))) : [];
  const keys = trails?.length ? [...steps, key("trail", t("floor.path"))] : steps;
  const made = chartCard({
    id: "heat", title, note, file, legend: keys.length ? keys : null,
    svg: [heat.squares === null ? empty(t("floor.not_observed"), t("floor.not_observed_hint")) : null, floorChart({ heat, plan, trails: trails ?? [], width, label: t("floor.label", { count: squares.length }) })],
    columns: ["x", "y", "person_s"].map((name) => ({ title: t(`floor.${name}`), number: true, show: (value) => number(value, 2) })),
    rows: squares.map((one) => [(one.column + 0.5) * heat.cell_m, (one.row + 0.5) * heat.cell_m, one.person_s]),
  });
  made.querySelector(".head").after(pathsSwitch(trails, choose));
  return made;
}

function tiles(metrics) {
  const of = (name) => metrics[METRICS.indexOf(name)].rows[0] ?? { value: null, sample: 0 };
  const told = (row, text) => (row.value === null ? t("shop.unknown") : text);
  const [wait, gaveUp, dwell, peak] = METRICS.map(of);
  return [
    tile({ name: t("floor.wait"), value: duration(wait.value), note: told(wait, t("floor.waits", { count: wait.sample })) }),
    tile({ name: t("floor.gave_up"), value: percent(gaveUp.value), note: told(gaveUp, t("floor.waits", { count: gaveUp.sample })) }),
    tile({ name: t("floor.dwell"), value: duration(dwell.value), note: told(dwell, t("floor.visits", { count: dwell.sample })) }),
    tile({ name: t("floor.peak"), value: number(peak.value), note: told(peak, t("floor.peak_note")) }),
  ];
}

function zonesCard({ zones, occupancy, isNow, file }) {
  const people = new Map(occupancy.zones.map((one) => [one.zone_id, one.people]));
  const known = zones.zones.map((one) => one.zone_id);
  const rest = occupancy.zones.filter((one) => !known.includes(one.zone_id)).map((one) => ({ ...one, visits: null, reach: null, dwell_s: null }));
  const all = [...zones.zones].sort((a, b) => (b.reach ?? 0) - (a.reach ?? 0)).concat(rest);
  if (!all.length) return card({ id: "zones", title: t("floor.zones") }, empty(t("zones.none"), t("zones.none_hint")));
  const names = ["zone", ...(isNow ? ["now"] : []), "reach", "dwell_s"];
  const rows = all.map((one) => [h("span", null, one.zone_id, h("small", null, ` ${named("zone", one.zone_kind)}`)), ...(isNow ? [number(people.get(one.zone_id) ?? null)] : []), percent(one.reach), duration(one.dwell_s)]);
  const heads = ["zone_id", "zone_kind", "visits", "reach", "stays", "dwell_s"];
  return tableCard({ id: "zones", title: t("floor.zones"), note: t("floor.zones_note"), columns: names.map((name) => ({ title: t(`floor.${name}`), number: name !== "zone" })), rows, heads, raw: all.map((one) => heads.map((name) => one[name] ?? null)), file });
}

function frame() {
  const place = (id) => h("div", { id });
  return [place("floor-tiles"), h("div", { class: "grid" }, h("div", { class: "column" }, place("heat-place")), h("div", { class: "column" }, place("zones-place"), card({ id: "floor-devices", title: t("device.all") }, place("devices-place"))))];
}

async function load({ store, zone, period, refresh }) {
  const path = `/v1/stores/${store.store}`;
  const until = addDays(period.last, 1);
  const shown = period.days > MAX_HEAT_DAYS ? addDays(until, -MAX_HEAT_DAYS) : period.first;
  const of = { from: period.first, to: until, store: store.store };
  const [heat, plan, zones, occupancy, devices, ...metrics] = await Promise.all([
    read(`${path}/heat`, { from: shown, to: until }),
    read(`${path}/plan`),
    read("/v1/zones", of),
    read(`${path}/occupancy`),
    read(`${path}/devices`),
    ...METRICS.map((name) => read(`/v1/metrics/${name}`, { ...of, grain: "total" })),
  ]);
  const trails = param("paths") ? await readTrails(store.store, period, zone) : null;
  const choose = (shows) => {
    setParams({ paths: shows ? "1" : null });
    refresh();
  };
  draw(panel("floor"), "frame", frame);
  const file = (what) => `shopthread-${store.store}-${what}-${shown}-${period.last}`;
  const width = widthOf(at("heat-place")) - 38;
  draw(at("floor-tiles"), metrics, () => h("div", { class: "figures", role: "group", "aria-label": t("shop.figures") }, tiles(metrics)));
  draw(at("heat-place"), [heat, plan, trails, width], () => heatCard({ heat, plan, trails, width, file: file("heat"), zone, choose }));
  draw(at("zones-place"), [zones, occupancy, period.isNow], () => zonesCard({ zones, occupancy, isNow: period.isNow, file: file("zones") }));
  draw(at("devices-place"), [devices, Math.floor(Date.now() / REFRESH_MS)], () => deviceList(devices));
}

startView(load, { everyMs: REFRESH_MS });
