// A line as small as a word. Broken where nothing was observed; dashed and hollow where only a part was.

import { s } from "../core/dom.js";
import { isPartial } from "./columns.js";

const [WIDTH, HEIGHT, EDGE] = [144, 32, 4];

const isWhole = (point) => !point.isOpen && !isPartial(point.coverage);

/** @param points [{value: number|null, coverage: number|null, isFuture, isOpen}]: `isOpen`: it is not over yet. */
export function sparkline(points, label) {
  const known = points.filter((point) => point.value !== null);
  if (!known.length) return s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart spark", role: "img", "aria-label": label }, s("line", { x1: EDGE, x2: WIDTH - EDGE, y1: HEIGHT - EDGE, y2: HEIGHT - EDGE, class: "unobserved" }));
  const x = d3.scaleLinear([0, Math.max(1, points.length - 1)], [EDGE, WIDTH - EDGE]);
  const y = d3.scaleLinear([0, Math.max(1, ...known.map((point) => point.value))], [HEIGHT - EDGE, EDGE]);
  const parts = [];
  points.forEach((point, index) => {
    if (point.value === null && !point.isFuture) parts.push(s("rect", { x: x(index) - 1.5, y: 2, width: 3, height: HEIGHT - 4, class: "gap" }));
    const next = points[index + 1];
    if (point.value === null || !next || next.value === null) return;
    const partial = !isWhole(point) || !isWhole(next);
    parts.push(s("line", { x1: x(index), y1: y(point.value), x2: x(index + 1), y2: y(next.value), class: partial ? "line partial" : "line" }));
  });
  const last = points.findLastIndex((point) => point.value !== null);
  const alone = points.length === 1 || points[last - 1]?.value === null;
  parts.push(s("circle", { cx: x(last), cy: y(points[last].value), r: alone ? 3 : 2.5, class: isWhole(points[last]) ? "point" : "point partial" }));
  return s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart spark", role: "img", "aria-label": label }, parts);
}
