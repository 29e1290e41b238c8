// Days by hours of the day, each a square: how much of it was observed.

import { s } from "../core/dom.js";
import { tell } from "./figure.js";

const EDGE = { left: 74, right: 4, top: 18, bottom: 4 };
const ROW = 17;
const STEPS = [0.5, 0.8, 0.95, 1]; // up to which share each step of the scale reaches

/** Return the step of the scale that a share is on: 0 is the lowest. */
export const stepOf = (share) => Math.max(0, STEPS.findIndex((most) => share <= most));

/**
 * @param days [{label, hours: [{hour, share: number|null, isFuture, told}]}]: `share` null: there was nothing to observe.
 */
export function hourGrid({ days, width, label }) {
  const x = d3.scaleBand(d3.range(24), [EDGE.left, width - EDGE.right]).paddingInner(0.08);
  const height = EDGE.top + days.length * ROW + EDGE.bottom;
  const heads = d3.range(0, 24, width < 500 ? 6 : 3).map((hour) => s("text", { x: x(hour) + x.bandwidth() / 2, y: 11, "text-anchor": "middle" }, String(hour).padStart(2, "0")));
  const rows = days.map((day, row) => {
    const top = EDGE.top + row * ROW;
    const cells = day.hours.map((cell) => {
      const kind = cell.isFuture ? "hit" : cell.share === null ? "nothing" : cell.share === 0 ? "unobserved" : `share-${stepOf(cell.share)}`;
      return tell(s("rect", { x: x(cell.hour), y: top + 1, width: x.bandwidth(), height: ROW - 3, rx: 2, class: kind }), cell.told);
    });
    return [s("text", { x: EDGE.left - 8, y: top + ROW / 2 + 3, "text-anchor": "end" }, day.label), cells];
  });
  return s("svg", { viewBox: `0 0 ${width} ${height}`, height, class: "chart hours", role: "img", "aria-label": label }, heads, rows);
}
