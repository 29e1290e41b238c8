// Who came in and went out, by hour or day, beside the same days before.

import { columnChart } from "../charts/columns.js";
import { chartCard, key } from "../charts/figure.js";
import { date, hourAndMinute, longDate, number, sharePercent, shortDate, t } from "../core/texts.js";

const isFuture = (bucket) => bucket.expected_s === 0 && Date.parse(bucket.from) > Date.now();

function labelOf(bucket, { zone, grain }, isLong) {
  if (grain === "hour") return isLong ? `${date(bucket.from, zone)} ${hourAndMinute(bucket.from, zone)}` : bucket.local_from.slice(11, 13);
  return isLong ? date(bucket.from, zone) : shortDate(bucket.from, zone);
}

function tell(bucket, before, view) {
  const label = labelOf(bucket, view, true);
  const lines = [label];
  if (isFuture(bucket)) lines.push(t("footfall.to_come"));
  else if (bucket.entrance.in === null) lines.push(t("footfall.not_observed"));
  else {
    lines.push(t("footfall.in_out", { in: bucket.entrance.in, out: bucket.entrance.out }));
    if (Date.parse(bucket.to) > Date.now()) lines.push(t("footfall.not_over"));
    lines.push(bucket.coverage === null ? t("footfall.coverage_unknown") : t("footfall.observed", { share: sharePercent(bucket.coverage) }));
  }
  if (before !== null) lines.push(t("footfall.before", { count: before }));
  return lines.join("\n");
}

/** @param view {footfall, before, zone, grain, width, file} */
export function footfallCard({ footfall, before, zone, grain, width, file, title }) {
  const buckets = footfall.buckets;
  const earlier = buckets.map((_, index) => before.buckets[index]?.entrance.in ?? null);
  const slots = buckets.map((bucket, index) => ({
    label: labelOf(bucket, { zone, grain }),
    values: [bucket.entrance.in, bucket.entrance.out],
    before: earlier[index],
    coverage: bucket.coverage,
    isFuture: isFuture(bucket),
    isOpen: Date.parse(bucket.to) > Date.now(),
    told: tell(bucket, earlier[index], { zone, grain }),
  }));
  const total = sum(buckets.map((bucket) => bucket.entrance.in));
  return chartCard({
    id: "footfall",
    title,
    legend: [key("in", t("footfall.in")), key("out", t("footfall.out")), key("before", t("footfall.week_before")), key("hatched", t("footfall.partly")), key("unseen", t("footfall.not_observed")), key("coverage", t("footfall.coverage"))],
    svg: columnChart({
      slots, kinds: ["in", "out"], width,
      label: total === null ? t("footfall.nothing_seen") : t("footfall.chart_label", { count: total, from: longDate(buckets[0].from, zone) }),
    }),
    columns: [
      { title: grain === "hour" ? t("footfall.hour") : t("footfall.day") },
      { title: t("footfall.in"), number: true, show: known },
      { title: t("footfall.out"), number: true, show: known },
      { title: t("footfall.in_before"), number: true, show: number },
      { title: t("footfall.coverage"), number: true, show: sharePercent },
    ],
    rows: buckets.map((bucket, index) => [labelOf(bucket, { zone, grain }, true), bucket.entrance.in, bucket.entrance.out, earlier[index], bucket.coverage]),
    file,
  });
}

const known = (value) => (value === null ? t("footfall.not_observed") : number(value));

/** Return the sum of what is known; null where nothing is. */
export function sum(values) {
  const seen = values.filter((value) => value !== null && value !== undefined);
  return seen.length ? seen.reduce((total, value) => total + value, 0) : null;
}

/** Return how much of the time all buckets together were observed; null where there was nothing to observe. */
export function coverageOf(buckets) {
  const expected = sum(buckets.map((bucket) => bucket.expected_s));
  return expected ? sum(buckets.map((bucket) => bucket.observed_s)) / expected : null;
}

/**
 * Return the relative change against earlier buckets, over those that both times were observed well enough; null where
 * there are none.
 */
export function changeAgainst(buckets, earlier) {
  let [now, then] = [0, 0];
  buckets.forEach((bucket, index) => {
    const other = earlier[index];
    if (!other || bucket.entrance.in === null || other.entrance.in === null) return;
    if ((bucket.coverage ?? 0) < COMPARABLE || (other.coverage ?? 0) < COMPARABLE) return;
    if (Date.parse(bucket.to) > Date.now()) return;
    now += bucket.entrance.in;
    then += other.entrance.in;
  });
  return then ? now / then - 1 : null;
}

const COMPARABLE = 0.8;
