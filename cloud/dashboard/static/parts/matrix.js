// The nine indicators of new, existing and dormant members.

import { h } from "../core/dom.js";
import { money, number, percent, signedPercent, t } from "../core/texts.js";
import { tableCard } from "../charts/figure.js";

const GROUPS = ["new", "existing", "dormant"];
const HEADS = ["group", "members", "traffic", "conversion", "order_value", "transactions", "is_suppressed"];

function figure(value, before, show, note) {
  const change = value !== null && before ? value / before - 1 : null;
  const turn = change === null ? null : h("small", { class: `change ${change > 0.005 ? "up" : change < -0.005 ? "down" : ""}` }, `${signedPercent(change)} `);
  return h("div", null, h("b", null, value === null ? "–" : show(value)), turn, note ? h("small", null, note) : null);
}

/** @param before The matrix of the period before, to compare with. */
export function matrixCard(matrix, before, file) {
  const row = (name) => {
    const now = matrix.groups.find((one) => one.group === name);
    const then = before.groups.find((one) => one.group === name);
    const isDormant = name === "dormant";
    const traffic = isDormant ? figure(now.members, then?.members, number, t("matrix.members_dormant", { days: matrix.thresholds.dormant_days })) : figure(now.traffic, then?.traffic, number, t("matrix.members", { count: now.members }));
    const hidden = now.is_suppressed ? t("matrix.suppressed", { count: matrix.thresholds.least_members }) : null;
    return [
      h("div", null, h("b", null, t(`matrix.${name}`)), h("small", null, t(`matrix.${name}_about`))),
      traffic,
      figure(now.conversion, then?.conversion, (value) => percent(value, 1), hidden ?? t(isDormant ? "matrix.came_back" : "matrix.with_purchase")),
      figure(now.order_value, then?.order_value, (value) => money(value, matrix.currency), hidden ?? (now.transactions === null ? null : t("matrix.transactions", { count: now.transactions }))),
    ];
  };
  const columns = ["group", "traffic", "conversion", "order_value"].map((name) => ({ title: t(`matrix.${name}`) }));
  const raw = matrix.groups.map((one) => HEADS.map((name) => one[name]));
  const card = tableCard({ id: "matrix", title: t("matrix.title"), note: t("matrix.note"), columns, rows: GROUPS.map(row), heads: HEADS, raw, file });
  card.querySelector("table").className = "matrix";
  return card;
}
