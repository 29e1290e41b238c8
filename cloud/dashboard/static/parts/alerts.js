// What alerts and rules say, in words.

import { h } from "../core/dom.js";
import { duration, named, number, page, percent, t } from "../core/texts.js";
import { badge } from "./tiles.js";

const TONES = { info: "", warning: "warn", critical: "bad" };

export const mayHandle = page.scopes.includes("alerts");
export const severityBadge = (severity) => badge(TONES[severity], named("severity", severity));

/** Return a value of a measure with its unit. */
export function shown(value, unit) {
  if (unit === "share") return percent(value, 1);
  if (unit === "s") return duration(value);
  return number(value, Math.abs(value) < 10 ? 2 : 0);
}

export const titleOf = (measure) => measure[`title_${page.language}`];

/** When a rule opens an alert: `above 5 min 00 s`. */
export function conditionText({ condition, limit, grain }, unit) {
  const value = condition.startsWith("unusually") ? number(limit, 1) : shown(limit, unit);
  const text = t(`condition.${condition}`, { value });
  return grain ? `${text}, ${t(`grain.${grain}`)}` : text;
}

/** What an alert is of: a shop, a camera, a region, or all shops of the rule. */
export function placeText(alert, names) {
  const place = alert.store ? (names.get(alert.store) ?? alert.store) : (alert.region ?? t("controls.all_stores"));
  return alert.device ? `${place}, ${alert.device}` : place;
}

/** What was found, and how unusual that is. */
export function foundText(alert) {
  const value = shown(alert.value, alert.unit);
  if (alert.z !== null) return t("alerts.found_unusual", { value, usual: shown(alert.usual, alert.unit), z: number(alert.z, 1) });
  return t("alerts.found", { value, condition: conditionText(alert.rule, alert.unit) });
}

/** A field of a form with its label above it. */
export const field = (name, input, hint) => h("label", { class: "field" }, h("span", null, name), input, hint ? h("small", null, hint) : null);

/** Send a form, and say beside its button what the cloud did not take. */
export function sending(action) {
  return async (event) => {
    event.preventDefault();
    const form = event.target;
    const fault = form.querySelector("[role=alert]");
    fault.textContent = "";
    try {
      await action(form);
    } catch (error) {
      fault.textContent = error.message;
    }
  };
}
