// Alerts: what is open, who has seen it, by which rules it was found, and what there was before.

import { param, setParams } from "../core/address.js";
import { read, send } from "../core/api.js";
import { card, draw, empty, h, table } from "../core/dom.js";
import { ago, longDate, moment, number, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { tableCard } from "../charts/figure.js";
import { conditionText, foundText, mayHandle, placeText, severityBadge, titleOf } from "../parts/alerts.js";
import { channelsCard } from "../parts/channels.js";
import { ruleForm } from "../parts/rule_form.js";
import { badge, tile } from "../parts/tiles.js";

const REFRESH_MS = 15_000;
const LOG_PAGE = 50;
const HEADS = ["id", "rule_name", "severity", "state", "store", "device", "region", "measure", "value", "unit", "usual", "z", "coverage", "opened_at", "told_at", "acknowledged_at", "acknowledged_by", "resolved_at", "resolution"];
const NAME = "shopthread-name";

const at = (id) => document.getElementById(id);
let saved = 0; // how often a rule was, so that its form is empty again
let secret = null; // of the webhook that was just made: it is shown this once

function tiles({ open, acknowledged, dead_deliveries: dead }, rules) {
  const on = rules.filter((rule) => rule.is_enabled).length;
  return [
    tile({ name: t("alerts.open"), value: number(open), note: t("alerts.open_note"), tone: open ? "bad" : "leading" }),
    tile({ name: t("alerts.acknowledged"), value: number(acknowledged), note: t("alerts.acknowledged_note"), tone: acknowledged ? "warn" : "" }),
    tile({ name: t("alerts.rules"), value: number(on), note: t("alerts.rules_note", { count: rules.length - on }) }),
    tile({ name: t("alerts.dead"), value: number(dead), note: t("alerts.dead_note"), tone: dead ? "bad" : "" }),
  ];
}

const when = (instant, zone) => (instant ? h("time", { datetime: instant, title: `${longDate(instant, zone)} ${moment(instant, zone)}` }, ago(instant)) : "–");
const raw = (items) => items.map((one) => HEADS.map((name) => one[name]));

function seen(alert, zone, acknowledge) {
  if (alert.acknowledged_at) return [alert.acknowledged_by ?? t("alerts.by_key"), h("small", null, [" ", when(alert.acknowledged_at, zone)])];
  if (!mayHandle) return t("alerts.not_seen");
  return h("button", { type: "button", "data-key": `seen-${alert.id}`, "aria-label": t("alerts.acknowledge_one", { rule: alert.rule_name }), onclick: () => acknowledge(alert) }, t("alerts.acknowledge"));
}

function activeCard({ items, names, zone }, acknowledge) {
  if (!items.length) return card({ id: "active", title: t("alerts.active") }, empty(t("alerts.none"), t("alerts.none_hint")));
  const columns = ["where", "severity", "rule", "found", "since", "told", "seen"].map((name) => (name === "found" ? { title: t("alerts.found_column"), kind: "found" } : { title: t(`alerts.${name}`) }));
  const rows = items.map((one) => [placeText(one, names), severityBadge(one.severity), one.rule_name, foundText(one), when(one.opened_at, zone), one.told_at ? when(one.told_at, zone) : t("alerts.quiet"), seen(one, zone, acknowledge)]);
  const made = tableCard({ id: "active", title: t("alerts.active"), note: t("alerts.active_note"), columns, rows, heads: HEADS, raw: raw(items), file: "shopthread-alerts-open" });
  if (mayHandle) made.querySelector(".head").after(whoAmI());
  return made;
}

function whoAmI() {
  const keep = (event) => localStorage.setItem(NAME, event.target.value.trim());
  return h("p", { class: "pick apart" }, h("label", { class: "pick" }, t("alerts.your_name"), h("input", { "data-key": "name", autocomplete: "name", maxlength: 128, value: localStorage.getItem(NAME) ?? "", onchange: keep })));
}

function logCard({ items, next_before: older }, names, zone, move) {
  if (!items.length) return card({ id: "log", title: t("alerts.log") }, empty(t("alerts.log_none"), t("alerts.log_none_hint")));
  const columns = ["where", "severity", "rule", "found", "opened", "ended", "seen"].map((name) => (name === "found" ? { title: t("alerts.found_column"), kind: "found" } : { title: t(`alerts.${name}`) }));
  const ended = (one) => (one.resolved_at ? [when(one.resolved_at, zone), one.resolution === "unwatched" ? h("small", null, ` ${t("alerts.unwatched")}`) : null] : badge("bad", t("alerts.still_open")));
  const rows = items.map((one) => [placeText(one, names), severityBadge(one.severity), one.rule_name, foundText(one), when(one.opened_at, zone), ended(one), one.acknowledged_at ? (one.acknowledged_by ?? t("alerts.by_key")) : "–"]);
  const made = tableCard({ id: "log", title: t("alerts.log"), note: t("alerts.log_note"), columns, rows, heads: HEADS, raw: raw(items), file: "shopthread-alerts-log" });
  const button = (name, to) => h("button", { type: "button", "data-key": `log-${name}`, disabled: to === undefined, onclick: () => move(to) }, t(`alerts.${name}`));
  if (older || param("before")) made.append(h("nav", { class: "pager", "aria-label": t("pager.name") }, button("newest", param("before") ? null : undefined), button("older", older ?? undefined)));
  return made;
}

function rulesCard({ rules, measures, names }, actions) {
  const columns = ["rule", "watches", "where", "severity", "state"].map((name) => ({ title: t(`alerts.${name}`), kind: ["watches", "state"].includes(name) ? "found" : null }));
  const measureOf = (rule) => measures.find((one) => one.name === rule.measure);
  const place = (rule) => (rule.stores.length ? rule.stores.map((store) => names.get(store) ?? store).join(", ") : (rule.region ?? t("controls.all_stores")));
  const action = (name, rule) => h("button", { type: "button", class: "plain", "data-key": `${name}-${rule.id}`, "aria-label": t(`rule.${name}_one`, { name: rule.name }), onclick: () => actions[name](rule) }, t(`rule.${name}`));
  const rows = rules.map((rule) => [
    rule.name,
    `${titleOf(measureOf(rule))} ${conditionText(rule, measureOf(rule).unit)}`,
    place(rule),
    severityBadge(rule.severity),
    h("span", { class: "actions" }, rule.is_enabled ? badge("good", t("rule.on")) : badge("", t("rule.off")), mayHandle ? [action("change", rule), action(rule.is_enabled ? "switch_off" : "switch_on", rule), action("remove", rule)] : null),
  ]);
  return card({ id: "rules", title: t("alerts.rules"), note: t("rule.note") }, rows.length ? table(columns, rows, { label: t("alerts.rules") }) : empty(t("rule.none"), t("rule.none_hint")));
}

/** Say what the cloud did not do; the next reading takes it away again. */
function told(error) {
  at("fault").textContent = error.message;
  at("fault").hidden = false;
}

async function load({ stores, store, zone, refresh }) {
  const query = { store: store?.store ?? null };
  const [active, log, rules, measures, channels] = await Promise.all([
    read("/v1/alerts", { ...query, state: "active", limit: 1000 }),
    read("/v1/alerts", { ...query, before: param("before"), limit: LOG_PAGE }),
    read("/v1/alert-rules"),
    read("/v1/alert-measures"),
    read("/v1/alert-channels"),
  ]);
  const names = new Map(stores.map((one) => [one.store, one.name]));
  const act = (work) => (...values) => work(...values).then(refresh).catch(told);
  const edit = (id) => {
    setParams({ rule: id });
    return refresh();
  };
  const put = (rule, changes) => send("PUT", `/v1/alert-rules/${rule.id}`, { ...rule, ...changes });
  const save = async (rule, body) => {
    await (rule ? put(rule, body) : send("POST", "/v1/alert-rules", body));
    saved += 1;
    await edit(null);
  };
  const actions = {
    change: (rule) => edit(rule.id).then(() => at("rule-form").querySelector("input").focus()),
    switch_off: act((rule) => put(rule, { is_enabled: false })),
    switch_on: act((rule) => put(rule, { is_enabled: true })),
    remove: act((rule) => send("DELETE", `/v1/alert-rules/${rule.id}`)),
  };
  const edited = rules.items.find((rule) => rule.id === param("rule")) ?? null;
  const minute = Math.floor(Date.now() / REFRESH_MS);
  const parts = ["alert-tiles", "alert-active", "alert-log", "alert-rules", "alert-form", "alert-channels"];
  draw(panel("alerts"), "frame", () => h("div", { class: "stack" }, parts.map((id) => h("div", { id }))));
  draw(at("alert-tiles"), [active, rules], () => h("div", { class: "figures", role: "group", "aria-label": t("shop.figures") }, tiles(active, rules.items)));
  draw(at("alert-active"), [active, stores, minute], () => activeCard({ items: active.items, names, zone }, act((alert) => send("POST", `/v1/alerts/${alert.id}/acknowledge`, { by: localStorage.getItem(NAME) || null }))));
  draw(at("alert-log"), [log, stores, minute], () => logCard(log, names, zone, (before) => { setParams({ before }); refresh(); }));
  draw(at("alert-rules"), [rules, measures, stores], () => rulesCard({ rules: rules.items, measures: measures.items, names }, actions));
  if (mayHandle) draw(at("alert-form"), [saved, edited, measures, stores.map((one) => [one.store, one.name, one.region]), channels], () => card({ id: "rule", title: t(edited ? "rule.change_title" : "rule.new_title"), note: t("rule.unknown_note") }, ruleForm({ rule: edited, measures: measures.items, stores, channels: channels.items }, (body) => save(edited, body), () => edit(null))));
  const add = async (body) => {
    secret = (await send("POST", "/v1/alert-channels", body)).secret;
    await refresh();
  };
  draw(at("alert-channels"), [channels, secret], () => channelsCard({ channels: channels.items, secret }, { add, remove: act((one) => send("DELETE", `/v1/alert-channels/${one.id}`)) }));
  return active.open ? t("alerts.pulse", { count: active.open }) : t("alerts.pulse_none");
}

startView(load, { everyMs: REFRESH_MS });
