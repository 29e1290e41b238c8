// A share with the interval in which the true one lies, as text and as a bar.

import { h } from "../core/dom.js";
import { percent, t } from "../core/texts.js";

const at = (node, side, share) => {
  node.style[side] = `${100 * share}%`;
  return node;
};

/** @param share {accuracy, low, high}; null: there were no crossings. */
export function intervalCell(share) {
  if (!share || share.accuracy === null) return h("span", { class: "quiet" }, t("audits.no_crossing"));
  const range = at(at(h("i", { class: "range" }), "left", share.low), "width", share.high - share.low);
  return h(
    "span",
    { class: "interval" },
    h("b", null, percent(share.accuracy, 1)),
    h("small", null, t("audits.between", { low: percent(share.low, 1), high: percent(share.high, 1) })),
    h("span", { class: "track", "aria-hidden": "true" }, range, at(h("i", { class: "mark" }), "left", share.accuracy)),
  );
}
