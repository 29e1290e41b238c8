// Audits: how well cameras count, by people who labelled recordings, with the interval in which the truth lies.

import { read } from "../core/api.js";
import { card, draw, empty, h } from "../core/dom.js";
import { duration, longDate, number, percent, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { tableCard } from "../charts/figure.js";
import { intervalCell } from "../parts/interval.js";
import { badge, tile } from "../parts/tiles.js";

const FIGURES = ["labelled", "counted", "matched", "missed", "invented", "accuracy", "low", "high"];
const PARTS = ["total", "in", "out"];
const HEADS = ["id", "started_at", "uploaded_at", "cameras", "recordings", "seconds", "certified_level", "crossing_rule", "model", ...PARTS.flatMap((part) => FIGURES.map((name) => `${part}_${name}`))];

const partOf = (audit, part) => (part === "total" ? audit.total : audit.directions[part]);

/** Return the latest audit of each camera: what is known of it now. */
const latestByCamera = (items) => new Map([...items].reverse().flatMap((audit) => audit.cameras.map((camera) => [camera, audit])));

function tiles(items, devices) {
  const latest = latestByCamera(items);
  const cameras = devices.filter((device) => device.observed_until);
  const certified = [...latest.values()].filter((audit) => audit.certified_level !== null).length;
  const audited = cameras.filter((device) => latest.has(`${device.store}/${device.device}`)).length;
  return [
    tile({ name: t("audits.reports"), value: number(items.length), note: t("audits.reports_note"), tone: "leading" }),
    tile({ name: t("audits.audited"), value: number(audited), note: t("audits.audited_note", { count: cameras.length }), tone: audited < cameras.length ? "warn" : "" }),
    tile({ name: t("audits.certified"), value: number(certified), note: t("audits.certified_note") }),
  ];
}

function auditsCard(items) {
  if (!items.length) return card({ id: "audits-list", title: t("audits.title") }, empty(t("audits.none"), t("audits.none_hint")));
  const columns = ["recorded", "cameras", "crossings", "accuracy", "in", "out", "certified_at"].map((name) => ({ title: t(`audits.${name}`), number: name === "crossings" }));
  const rows = items.map((audit) => [
    [h("time", { datetime: audit.started_at }, longDate(audit.started_at)), h("small", null, ` ${duration(audit.seconds)}`)],
    audit.cameras.join(", "),
    number(audit.total.labelled),
    ...PARTS.map((part) => intervalCell(partOf(audit, part))),
    audit.certified_level === null ? badge("warn", t("audits.not_certified")) : badge("good", `≥ ${percent(audit.certified_level)}`),
  ]);
  const raw = items.map((audit) => HEADS.map((name) => {
    const [part, figure] = [name.split("_")[0], name.slice(name.indexOf("_") + 1)];
    if (PARTS.includes(part) && FIGURES.includes(figure)) return partOf(audit, part)?.[figure] ?? null;
    return name === "cameras" ? audit.cameras.join(" ") : audit[name];
  }));
  return tableCard({ id: "audits-list", title: t("audits.title"), note: t("audits.note"), columns, rows, heads: HEADS, raw, file: "shopthread-audits" });
}

async function load({ store }) {
  const [{ items }, devices] = await Promise.all([read("/v1/audits", { store: store?.store ?? null }), read(store ? `/v1/stores/${store.store}/devices` : "/v1/devices")]);
  const named = devices.map((device) => ({ store: store?.store, ...device }));
  draw(panel("audit-tiles"), [items, named.map((one) => [one.store, one.device, Boolean(one.observed_until)])], () => h("div", { class: "figures", role: "group", "aria-label": t("shop.figures") }, tiles(items, named)));
  draw(panel("audit-list"), items, () => auditsCard(items));
}

startView(load);
