// Periods of whole days of a store: which, from when to when, and which one came before.

import { dayOf } from "./texts.js";

const DAY_MS = 86_400_000;
const LENGTHS = { today: 1, yesterday: 1, "7d": 7, "28d": 28 };
export const DEFAULT_PERIOD = "today";
export const MAX_DAYS = 366;

/** Return a date some days later. Dates are YYYY-MM-DD. */
export const addDays = (date, days) => new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

const daysBetween = (first, last) => Math.round((Date.parse(last) - Date.parse(first)) / DAY_MS) + 1;
const isDate = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text ?? "") && !Number.isNaN(Date.parse(text));

/** Return the instant at which a date begins in a time zone, in Unix milliseconds. */
export function midnight(date, zone) {
  const asIfUtc = Date.parse(`${date}T00:00:00Z`);
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  });
  const offsetAt = (instant) => {
    const at = Object.fromEntries(parts.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) - Math.floor(instant / 1000) * 1000;
  };
  const guess = asIfUtc - offsetAt(asIfUtc);
  return asIfUtc - offsetAt(guess); // the offset may change between the guess and the day's beginning
}

/**
 * Return the period that an address asks for, in a store's time zone.
 * @returns {{name, first, last, days, from, to, isNow, grain}} `first` and `last` are dates, `from` and `to` instants.
 */
export function periodOf(query, zone, now = Date.now()) {
  const today = dayOf(now, zone);
  const [asked, until] = [query.get("from"), query.get("to")];
  let name = query.get("period") ?? DEFAULT_PERIOD;
  let last = name === "yesterday" ? addDays(today, -1) : today;
  let first = addDays(last, 1 - (LENGTHS[name] ?? 1));
  if (isDate(asked)) {
    name = "days";
    first = asked;
    last = isDate(until) && until >= asked ? until : asked;
    if (daysBetween(first, last) > MAX_DAYS) last = addDays(first, MAX_DAYS - 1);
  } else if (!(name in LENGTHS)) name = DEFAULT_PERIOD;
  return spanOf({ name, first, last, zone, today });
}

/** Return the period of the same weekdays before: a week before, or as many weeks as it takes. */
export function periodBefore(period, zone) {
  const shift = 7 * Math.ceil(period.days / 7);
  return spanOf({ name: "before", first: addDays(period.first, -shift), last: addDays(period.last, -shift), zone, today: "" });
}

function spanOf({ name, first, last, zone, today }) {
  const days = daysBetween(first, last);
  return {
    name, first, last, days,
    from: new Date(midnight(first, zone)).toISOString(),
    to: new Date(midnight(addDays(last, 1), zone)).toISOString(),
    isNow: first <= today && today <= last,
    grain: days <= 2 ? "hour" : "day",
  };
}
