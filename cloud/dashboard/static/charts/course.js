// A value over time, with its band. Broken where it is not known; dashed and hollow where it is known in part.

import { s } from "../core/dom.js";
import { tell } from "./figure.js";

const HEIGHT = 240;
const EDGE = { left: 56, right: 12, top: 12, bottom: 26 };

/**
 * @param points [{label, value: number|null, low, high, isPartial, told}]
 * @param show Turns a value into the text beside the axis.
 */
export function courseChart({ points, width, label, show }) {
  const known = points.flatMap((point) => [point.value, point.low, point.high]).filter((value) => value !== null);
  const x = d3.scalePoint(d3.range(points.length), [EDGE.left, width - EDGE.right]).padding(0.5);
  const y = d3.scaleLinear([Math.min(0, ...known), Math.max(...known, Number.EPSILON)], [HEIGHT - EDGE.bottom, EDGE.top]).nice(4);
  const grid = y.ticks(4).map((value) => [s("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value), class: "rule" }), s("text", { x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, show(value))]);
  const band = d3.area((_, index) => x(index), (point) => y(point.low), (point) => y(point.high)).defined((point) => point.low !== null)(points);
  const every = Math.ceil(56 / Math.max(1, x.step()));
  const drawn = points.map((point, index) => {
    const next = points[index + 1];
    const slot = s("rect", { x: x(index) - x.step() / 2, y: EDGE.top, width: x.step() || width, height: HEIGHT - EDGE.bottom - EDGE.top, class: point.value === null ? "nothing" : "hit" });
    const line = point.value !== null && next && next.value !== null ? s("line", { x1: x(index), y1: y(point.value), x2: x(index + 1), y2: y(next.value), class: point.isPartial || next.isPartial ? "line partial" : "line" }) : null;
    const dot = point.value === null ? null : s("circle", { cx: x(index), cy: y(point.value), r: 3.5, class: point.isPartial ? "point partial" : "point" });
    const text = index % every === 0 ? s("text", { x: x(index), y: HEIGHT - 8, "text-anchor": "middle" }, point.label) : null;
    return tell(s("g", { class: "slot" }, slot, line, dot, text), point.told);
  });
  return s("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, class: "chart", role: "img", "aria-label": label }, grid, s("path", { d: band ?? "", class: "spread" }), drawn);
}
