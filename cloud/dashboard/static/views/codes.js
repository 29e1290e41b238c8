// Single items' codes: with which something is wrong, which were issued, and the history of one.

import { param, setParams } from "../core/address.js";
import { ApiError, read } from "../core/api.js";
import { card, draw, empty, h, table } from "../core/dom.js";
import { ago, longDate, moment, named, number, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { tableCard } from "../charts/figure.js";
import { badge, tile } from "../parts/tiles.js";

const PAGE = 50;
const ALERTS = ["cloned", "unknown_code", "repeat"];
const TONES = { cloned: "bad", unknown_code: "warn", repeat: "warn" };
const VERDICT_TONES = { first: "good", repeat: "warn", impossible_travel: "bad", unknown_code: "warn" };
const HEADS = ["gtin", "serial", "product_name", "kind", "lot", "sold_at", "scans", "repeats", "persons", "authenticated_at", "last_scan_at", "alert"];

const at = (id) => document.getElementById(id);

function tiles(counts, issued) {
  return [
    tile({ name: t("codes.with_alert"), value: number(counts.all), note: t("codes.with_alert_note"), tone: counts.all ? "bad" : "leading" }),
    ...ALERTS.map((alert) => tile({ name: named("alert", alert), value: number(counts[alert]), note: t(`alert.${alert}_about`), tone: counts[alert] ? TONES[alert] : "" })),
    tile({ name: t("codes.issued"), value: issued.next_after === null ? number(issued.items.length) : t("codes.more_than", { count: issued.items.length }), note: t("codes.issued_note") }),
  ];
}

function list({ items, title, note, file, none, hint }, open) {
  if (!items.length) return card({ id: file, title }, empty(none, hint));
  const columns = ["code", "product", "kind", "scans", "authenticated", "last_scan", "state"].map((name) => ({ title: t(`codes.${name}`), number: name === "scans" }));
  const rows = items.map((one) => [
    h("button", { type: "button", class: "plain", "data-key": `${file}-${one.gtin}-${one.serial}`, onclick: () => open(one) }, h("code", null, `${one.gtin} / ${one.serial}`)),
    one.product_name ?? "–",
    one.kind ? named("code_kind", one.kind) : t("codes.never_issued"),
    number(one.scans),
    one.authenticated_at ? longDate(one.authenticated_at) : "–",
    one.last_scan_at ? ago(one.last_scan_at) : t("time.never"),
    one.alert ? badge(TONES[one.alert], named("alert", one.alert)) : badge("good", t("codes.well")),
  ]);
  return tableCard({ id: file, title, note, columns, rows, heads: HEADS, raw: items.map((one) => HEADS.map((name) => one[name])), file: `shopthread-${file}` });
}

function history(code, shops) {
  const columns = ["when", "where", "proof", "verdict", "member"].map((name) => ({ title: t(`codes.${name}`) }));
  const rows = code.history.map((scan) => [
    h("time", { datetime: scan.at }, moment(scan.at, shops.get(scan.store)?.time_zone)),
    scan.store === null ? t("codes.unknown_place") : [shops.get(scan.store)?.name ?? scan.store, h("small", null, ` ${scan.zone_id ?? scan.device}`)],
    named("proof", scan.in_store_proof),
    scan.verdict ? badge(VERDICT_TONES[scan.verdict] ?? "", named("verdict", scan.verdict)) : t("codes.not_judged"),
    scan.one_id ? h("a", { href: `/profile?id=${encodeURIComponent(scan.one_id)}` }, scan.one_id.slice(-6)) : "–",
  ]);
  const facts = [
    [t("codes.product"), code.product_name ?? "–"],
    [t("codes.kind"), code.kind ? named("code_kind", code.kind) : t("codes.never_issued")],
    [t("codes.lot"), code.lot ?? "–"],
    [t("codes.sold"), code.sold_at ? longDate(code.sold_at) : "–"],
    [t("codes.link"), h("code", null, code.link)],
  ];
  return card(
    { id: "code", title: t("codes.one", { code: `${code.gtin} / ${code.serial}` }), aside: code.alert ? badge(TONES[code.alert], named("alert", code.alert)) : null },
    h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
    rows.length ? table(columns, rows, { label: t("codes.history") }) : empty(t("codes.no_scan"), t("codes.no_scan_hint")),
  );
}

async function showCode(stores) {
  const [gtin, ...serial] = (param("code") ?? "").split("/");
  if (!gtin) return draw(at("code-body"), "none", () => []);
  try {
    const code = await read(`/v1/codes/${encodeURIComponent(gtin)}/${serial.map(encodeURIComponent).join("/")}`);
    return draw(at("code-body"), code, () => history(code, new Map(stores.map((one) => [one.store, one]))));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return draw(at("code-body"), error.message, () => card({ id: "code", title: t("codes.one", { code: param("code") }) }, empty(t("codes.unknown"), error.message)));
  }
}

function finder(refresh) {
  const find = (event) => {
    event.preventDefault();
    setParams({ code: event.target.elements.code.value.trim().replace(/\s*\/\s*/, "/") });
    refresh();
  };
  return h("form", { class: "finder", onsubmit: find }, h("label", null, t("codes.find"), h("input", { name: "code", required: true, spellcheck: "false", autocomplete: "off", placeholder: "09521230000185/P4K7WQ2ZLM8NX3TR" })), h("button", { type: "submit" }, t("profiles.open")));
}

async function load({ stores, refresh }) {
  const [all, issued, ...byKind] = await Promise.all([
    read("/v1/codes/alerts", { limit: PAGE }),
    read("/v1/codes", { limit: PAGE }),
    ...ALERTS.map((alert) => read("/v1/codes/alerts", { alert, limit: 1 })),
  ]);
  const counts = { all: all.total, ...Object.fromEntries(ALERTS.map((alert, index) => [alert, byKind[index].total])) };
  const open = (one) => {
    setParams({ code: `${one.gtin}/${one.serial}` });
    refresh().then(() => at("code-body").scrollIntoView({ block: "nearest" }));
  };
  const parts = ["code-tiles", "code-finder", "code-body", "code-alerts", "code-issued"];
  draw(panel("codes"), "frame", () => parts.map((id) => h("div", { id })));
  draw(at("code-tiles"), [counts, issued], () => h("div", { class: "figures", role: "group", "aria-label": t("shop.figures") }, tiles(counts, issued)));
  draw(at("code-finder"), "finder", () => finder(refresh));
  draw(at("code-alerts"), all, () => list({ items: all.items, title: t("codes.alerts"), note: t("codes.alerts_note"), file: "alerts", none: t("codes.no_alert"), hint: t("codes.no_alert_hint") }, open));
  draw(at("code-issued"), issued, () => list({ items: issued.items, title: t("codes.issued_title"), file: "issued", none: t("codes.none"), hint: t("codes.none_hint") }, open));
  await showCode(stores);
}

startView(load);
