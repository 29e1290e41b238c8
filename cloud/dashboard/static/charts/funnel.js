// How far visits came: a bar a step, with the band that uncertain links leave.

import { s } from "../core/dom.js";
import { number, percent } from "../core/texts.js";
import { tell } from "./figure.js";

const ROW = 46;
const EDGE = { left: 120, right: 96, top: 6 };

/** @param steps [{name, value, low, high, share, told}] */
export function funnelChart({ steps, width, label }) {
  const x = d3.scaleLinear([0, Math.max(1, ...steps.map((step) => step.high))], [0, width - EDGE.left - EDGE.right]);
  const rows = steps.map((step, index) => {
    const top = EDGE.top + index * ROW;
    const middle = top + 15;
    const band = step.high - step.low > 0.5 ? s("path", { d: `M${EDGE.left + x(step.low)} ${middle}H${EDGE.left + x(step.high)}M${EDGE.left + x(step.low)} ${middle - 5}v10M${EDGE.left + x(step.high)} ${middle - 5}v10`, class: "band" }) : null;
    const kept = index ? s("text", { x: EDGE.left + 4, y: top - 5 }, `↓ ${percent(step.ofPrevious)}`) : null;
    const parts = [
      s("text", { x: EDGE.left - 10, y: middle + 4, "text-anchor": "end", class: "strong" }, step.name),
      s("rect", { x: EDGE.left, y: top, width: Math.max(1, x(step.value)), height: 30, rx: 5, class: "in", "fill-opacity": 1 - index * 0.13 }),
      band,
      kept,
      s("text", { x: EDGE.left + x(step.high) + 10, y: middle + 4, class: "strong" }, `${number(step.value)} · ${percent(step.share)}`),
    ];
    return tell(s("g", null, parts), step.told);
  });
  const height = EDGE.top + steps.length * ROW;
  return s("svg", { viewBox: `0 0 ${width} ${height}`, height, class: "chart", role: "img", "aria-label": label }, rows);
}
