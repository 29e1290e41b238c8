// Texts, numbers and times in the page's language.

export const page = JSON.parse(document.getElementById("page").textContent);
const language = page.language;
const plurals = new Intl.PluralRules(language);

/** Return a text. `{name}` in it is replaced; where `count` is given the text may end in `.one` or `.other`. */
export function t(key, values = {}) {
  const found = page.messages[key] ?? page.messages[`${key}.${plurals.select(values.count ?? 0)}`] ?? page.messages[`${key}.other`];
  if (found === undefined) throw new Error(`no text ${key} in ${language}`);
  return found.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name] ?? ""));
}

/** Return what something of the API is called here, else its own name. */
export const named = (group, name) => page.messages[`${group}.${name}`] ?? String(name).replaceAll("_", " ");

const DASH = "–";
const isUnknown = (value) => value === null || value === undefined;

export const number = (value, digits = 0) =>
  isUnknown(value) ? DASH : value.toLocaleString(language, { maximumFractionDigits: digits });
export const percent = (share, digits = 0) =>
  isUnknown(share) ? DASH : share.toLocaleString(language, { style: "percent", maximumFractionDigits: digits });
export const signedPercent = (share) =>
  isUnknown(share) ? DASH : share.toLocaleString(language, { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" });
export const short = (id) => id.replaceAll("-", "").slice(-6);

/** Return a share as a percentage that is 100 % only where nothing at all is missing, and 0 % only where all is. */
export function sharePercent(share) {
  if (isUnknown(share)) return DASH;
  return percent(share === 0 || share === 1 ? share : Math.min(0.99, Math.max(0.01, share)));
}

export function duration(seconds) {
  if (isUnknown(seconds)) return DASH;
  const whole = Math.round(seconds);
  const two = (value) => String(value).padStart(2, "0");
  if (whole < 60) return t("time.seconds", { s: whole });
  if (whole < 3600) return t("time.minutes", { m: Math.floor(whole / 60), s: two(whole % 60) });
  return t("time.hours", { h: Math.floor(whole / 3600), m: two(Math.floor((whole % 3600) / 60)) });
}

export function ago(instant) {
  if (!instant) return t("time.never");
  const seconds = (Date.now() - Date.parse(instant)) / 1000;
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });
  if (seconds < 2) return t("time.now");
  if (seconds < 120) return relative.format(-Math.round(seconds), "second");
  if (seconds < 7200) return relative.format(-Math.round(seconds / 60), "minute");
  if (seconds < 172800) return relative.format(-Math.round(seconds / 3600), "hour");
  return relative.format(-Math.round(seconds / 86400), "day");
}

const written = (instant, zone, options) =>
  new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { timeZone: zone, ...options }).format(new Date(instant));

/** Return a time in a shop's zone; of no shop, in UTC, which is then said: never in the zone of whoever looks. */
const show = (instant, zone, options) => (zone ? written(instant, zone, options) : `${written(instant, "UTC", options)} UTC`);

export const clock = (instant, zone) => show(instant, zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const hourAndMinute = (instant, zone) => show(instant, zone, { hour: "2-digit", minute: "2-digit" });
export const date = (instant, zone) => show(instant, zone, { weekday: "short", day: "numeric", month: "short" });
export const shortDate = (instant, zone) => show(instant, zone, { day: "numeric", month: "short" });
export const longDate = (instant, zone) => show(instant, zone, { day: "numeric", month: "short", year: "numeric" });
export const dayOf = (instant, zone = "UTC") => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(instant));

/** The time of day, and the date before it where that is not today. */
export const moment = (instant, zone) =>
  dayOf(instant, zone) === dayOf(Date.now(), zone) ? clock(instant, zone) : `${shortDate(instant, zone ?? "UTC")} ${clock(instant, zone)}`;

export function money(minor, currency) {
  const format = new Intl.NumberFormat(language, { style: "currency", currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}
