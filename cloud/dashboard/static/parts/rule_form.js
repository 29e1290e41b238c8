// The form of a rule: made anew, or of one that is changed.

import { h } from "../core/dom.js";
import { t } from "../core/texts.js";
import { field, sending, titleOf } from "./alerts.js";

const LIVE_CONDITIONS = ["above", "below"];
const CONDITIONS = [...LIVE_CONDITIONS, "unusually_high", "unusually_low"];
const NEW = { name: "", measure: "queue_wait_now", condition: "above", limit: 300, grain: null, by: "store", stores: [], region: null, hold_s: 0, clear_s: 300, severity: "warning", quiet: [], channels: [], is_enabled: true };

const option = (value, text, chosen) => h("option", { value, selected: value === chosen }, text);
const fill = (select, values, chosen) => select.replaceChildren(...values.map(([value, text]) => option(value, text, chosen)));
/** Shares are asked for in percent, whatever is measured in seconds in minutes. */
const scaleOf = (unit, condition) => (condition.startsWith("unusually") ? 1 : { share: 100, s: 1 / 60 }[unit] ?? 1);

function unitText(unit, condition) {
  if (condition.startsWith("unusually")) return t("rule.deviations");
  return { share: "%", s: t("rule.minutes") }[unit] ?? unit;
}

/**
 * @param parts {rule, measures, stores, channels}: `rule` is null for a new one.
 * @param save Called with the body to send.
 */
export function ruleForm({ rule, measures, stores, channels }, save, cancel) {
  const held = rule ?? NEW;
  const find = (name) => measures.find((one) => one.name === name);
  const regions = [...new Set(stores.map((one) => one.region).filter(Boolean))];
  const input = (name, attributes) => h("input", { name, ...attributes });
  const select = (name) => h("select", { name });
  const parts = {
    name: input("name", { required: true, maxlength: 128, value: held.name }),
    measure: h("select", { name: "measure" }, measures.map((one) => option(one.name, titleOf(one), held.measure))),
    condition: select("condition"),
    grain: select("grain"),
    limit: input("limit", { type: "number", step: "any", required: true }),
    where: h("select", { name: "where" }, option("", t("controls.all_stores")), regions.map((one) => option(`region:${one}`, one, `region:${held.region}`)), stores.map((one) => option(`store:${one.store}`, one.name, `store:${held.stores[0]}`))),
    by: h("select", { name: "by" }, ["store", "region", "none"].map((one) => option(one, t(`rule.by_${one}`), held.by))),
    severity: h("select", { name: "severity" }, ["info", "warning", "critical"].map((one) => option(one, t(`severity.${one}`), held.severity))),
    hold: input("hold", { type: "number", min: 0, max: 1440, step: "any", value: held.hold_s / 60 }),
    clear: input("clear", { type: "number", min: 0, max: 1440, step: "any", value: held.clear_s / 60 }),
    start: input("start", { type: "time", value: held.quiet[0]?.start ?? "" }),
    end: input("end", { type: "time", value: held.quiet[0]?.end ?? "" }),
  };
  const unit = h("span");
  const chosen = channels.map((one) => h("label", { class: "pick" }, h("input", { type: "checkbox", name: "channel", value: one.id, checked: held.channels.includes(one.id) }), one.name));
  parts.limit.value = Number((held.limit * scaleOf(find(held.measure).unit, held.condition)).toPrecision(6));

  function follow(condition, grain) {
    const measure = find(parts.measure.value);
    fill(parts.condition, (measure.is_live ? LIVE_CONDITIONS : CONDITIONS).map((one) => [one, t(`rule.${one}`)]), condition);
    fill(parts.grain, measure.is_live ? [["", t("rule.now")]] : measure.grains.map((one) => [one, t(`grain.${one}`)]), grain);
    followUnit();
  }
  function followUnit() {
    parts.by.disabled = find(parts.measure.value).is_live || parts.grain.value === "hour";
    if (parts.by.disabled) parts.by.value = "store";
    unit.textContent = `${t("rule.limit")}, ${unitText(find(parts.measure.value).unit, parts.condition.value)}`;
  }
  parts.measure.addEventListener("change", () => follow(parts.condition.value, parts.grain.value));
  parts.condition.addEventListener("change", followUnit);
  parts.grain.addEventListener("change", followUnit);
  follow(held.condition, held.grain ?? "");

  const bodyOf = (form) => {
    const [kind, ...place] = parts.where.value.split(":");
    const hours = parts.start.value && parts.end.value ? [{ days: [], ...held.quiet[0], start: parts.start.value, end: parts.end.value }, ...held.quiet.slice(1)] : [];
    return {
      ...Object.fromEntries(Object.keys(NEW).map((name) => [name, held[name]])),
      ...(rule ? { weeks: rule.weeks, least_sample: rule.least_sample, currency: rule.currency } : {}),
      name: parts.name.value,
      measure: parts.measure.value,
      condition: parts.condition.value,
      limit: Number(parts.limit.value) / scaleOf(find(parts.measure.value).unit, parts.condition.value),
      grain: parts.grain.value || null,
      by: parts.by.value,
      stores: kind === "store" ? [place.join(":")] : [],
      region: kind === "region" ? place.join(":") : null,
      hold_s: Math.round(Number(parts.hold.value) * 60),
      clear_s: Math.round(Number(parts.clear.value) * 60),
      severity: parts.severity.value,
      quiet: hours,
      channels: [...form.querySelectorAll("[name=channel]:checked")].map((box) => box.value),
    };
  };
  return h(
    "form",
    { class: "fields", id: "rule-form", onsubmit: sending((form) => save(bodyOf(form))) },
    field(t("rule.name"), parts.name),
    field(t("rule.measure"), parts.measure),
    field(t("rule.condition"), parts.condition),
    h("label", { class: "field" }, unit, parts.limit),
    field(t("rule.grain"), parts.grain),
    field(t("controls.store"), parts.where),
    field(t("rule.by"), parts.by),
    field(t("rule.severity"), parts.severity),
    field(t("rule.hold"), parts.hold),
    field(t("rule.clear"), parts.clear),
    field(t("rule.quiet_from"), parts.start),
    field(t("rule.quiet_to"), parts.end),
    channels.length ? h("fieldset", null, h("legend", null, t("rule.channels")), chosen) : null,
    h("p", { class: "actions" }, h("button", { type: "submit", class: "strong" }, t(rule ? "rule.save" : "rule.add")), rule ? h("button", { type: "button", onclick: cancel }, t("rule.cancel")) : null, h("span", { class: "bad", role: "alert" })),
  );
}
