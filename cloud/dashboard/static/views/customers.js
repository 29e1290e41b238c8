// Customers: the nine indicators, how far visits come, any metric over time, and who came back.

import { param, setParams } from "../core/address.js";
import { read } from "../core/api.js";
import { card, draw, empty, h } from "../core/dom.js";
import { addDays, periodBefore } from "../core/period.js";
import { date, named, number, page, percent, shortDate, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { courseChart } from "../charts/course.js";
import { chartCard, widthOf } from "../charts/figure.js";
import { funnelChart } from "../charts/funnel.js";
import { cohortsCard } from "../parts/cohorts.js";
import { matrixCard } from "../parts/matrix.js";
import { currencyPick, currencyState, metricPick, readMoney, writer } from "../parts/metrics.js";
import { scoresCard } from "../parts/scores.js";

const DEFAULT_METRIC = "conversion_by_visit";
const COHORTS = { week: 8 * 7, month: 183 };
const LEAST_DAYS = 14; // a course of fewer days says little

const at = (id) => document.getElementById(id);

function funnelCard(funnel, width, file) {
  if (!funnel.visits) return card({ id: "funnel", title: t("funnel.title") }, empty(t("funnel.none"), t("visits.none_hint")));
  const steps = funnel.steps.map((step) => ({
    name: named("step", step.step), value: step.value, low: step.low, high: step.high, share: step.share_of_first, ofPrevious: step.share_of_previous,
    told: t("funnel.told", { step: named("step", step.step), value: number(step.value, 1), low: number(step.low, 1), high: number(step.high, 1) }),
  }));
  return chartCard({
    id: "funnel", title: t("funnel.title"), note: t("funnel.note"), file,
    svg: funnelChart({ steps, width, label: t("funnel.label", { count: funnel.visits }) }),
    columns: [{ title: t("funnel.step") }, { title: t("funnel.value"), number: true, show: (value) => number(value, 1) }, { title: t("funnel.low"), number: true, show: (value) => number(value, 1) }, { title: t("funnel.high"), number: true, show: (value) => number(value, 1) }, { title: t("funnel.share"), number: true, show: (value) => percent(value, 1) }],
    rows: steps.map((step) => [step.name, step.value, step.low, step.high, step.share]),
  });
}

function courseCard({ metric, catalogue, width, file }, choose) {
  const definition = catalogue.find((one) => one.name === metric.metric);
  const show = writer(metric);
  const title = definition.title[page.language];
  const points = metric.rows.map((row) => {
    const isPartial = row.is_partial || (row.coverage !== null && row.coverage < 0.95);
    const told = [date(`${row.start.slice(0, 10)}T00:00:00Z`, "UTC"), row.value === null ? t("footfall.not_observed") : show(row.value)];
    if (row.low !== null) told.push(t("course.band", { low: show(row.low), high: show(row.high) }));
    if (row.is_partial) told.push(t("course.partial"));
    if (row.coverage !== null) told.push(t("footfall.observed", { share: percent(row.coverage) }));
    return { label: shortDate(`${row.start.slice(0, 10)}T00:00:00Z`, "UTC"), value: row.value, low: row.low, high: row.high, isPartial, told: told.join("\n") };
  });
  const made = chartCard({
    id: "course", title, note: [h("span", { lang: "en" }, definition.formula), t("course.by_day")], file,
    svg: points.some((point) => point.value !== null) ? courseChart({ points, width, label: t("course.label", { title }), show }) : empty(t("course.none"), t("course.none_hint", { needs: definition.needs.join("; ") || "–" })),
    columns: [{ title: t("footfall.day") }, { title, number: true, show: (value) => (value === null ? t("footfall.not_observed") : show(value)) }, { title: t("funnel.low"), number: true, show: (value) => (value === null ? "–" : show(value)) }, { title: t("funnel.high"), number: true, show: (value) => (value === null ? "–" : show(value)) }, { title: t("footfall.coverage"), number: true, show: percent }],
    rows: metric.rows.map((row) => [row.start.slice(0, 10), row.value, row.low, row.high, row.coverage]),
  });
  const told = catalogue.filter((one) => one.grains.includes("day"));
  made.querySelector(".head").after(metricPick(told, { key: "metric", title: t("course.metric"), chosen: metric.metric }, choose));
  return made;
}

function frame() {
  return [h("div", { id: "currency-place" }), h("div", { class: "stack" }, h("div", { id: "matrix-place" }), h("div", { class: "grid even" }, h("div", { class: "column", id: "funnel-place" }), h("div", { class: "column", id: "course-place" })), h("div", { id: "cohorts-place" }), h("div", { id: "scores-place" }))];
}

async function load({ store, zone, period, refresh }) {
  const stores = store ? { store: store.store } : {};
  const days = { from: period.first, to: addDays(period.last, 1) };
  const earlier = periodBefore(period, zone);
  const grain = param("cohorts") === "month" ? "month" : "week";
  const asked = param("metric") ?? DEFAULT_METRIC;
  const since = period.days < LEAST_DAYS ? addDays(days.to, -LEAST_DAYS) : days.from;
  const matrix = await readMoney("/v1/matrix", { ...days, ...stores });
  const [before, funnel, catalogue, metric, cohorts, scores] = await Promise.all([
    readMoney("/v1/matrix", { from: earlier.first, to: addDays(earlier.last, 1), ...stores }),
    read("/v1/funnels", { ...days, ...stores }),
    read("/v1/metrics"),
    readMoney(`/v1/metrics/${asked}`, { from: since, to: days.to, ...stores, grain: "day", by: store ? "store" : "none" }),
    read("/v1/cohorts", { from: addDays(days.to, -COHORTS[grain]), to: days.to, grain, ...stores }),
    store ? null : readMoney("/v1/rfm", {}),
  ]);
  draw(panel("customers"), "frame", frame);
  const file = (what) => `shopthread-${store?.store ?? "all"}-${what}-${period.first}-${period.last}`;
  const choose = (name) => (value) => {
    setParams({ [name]: value });
    refresh();
  };
  draw(at("currency-place"), currencyState(), () => currencyPick(choose("currency")));
  draw(at("matrix-place"), [matrix, before], () => matrixCard(matrix, before, file("nine-indicators")));
  const width = widthOf(at("funnel-place")) - 38;
  draw(at("funnel-place"), [funnel, width], () => funnelCard(funnel, width, file("funnel")));
  draw(at("course-place"), [metric, width], () => courseCard({ metric, catalogue, width, file: file(asked) }, choose("metric")));
  draw(at("cohorts-place"), cohorts, () => cohortsCard(cohorts, file("cohorts"), choose("cohorts")));
  draw(at("scores-place"), scores, () => (scores ? scoresCard(scores, file("scores")) : []));
}

startView(load);
