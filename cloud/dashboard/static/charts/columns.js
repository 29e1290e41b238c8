// Columns over hours or days, with how much was observed below them.
// Hatched: observed in part, or not over yet. Dashed and empty: not observed, which is not zero. Still to come: nothing at all.

import { s } from "../core/dom.js";
import { number } from "../core/texts.js";
import { tell } from "./figure.js";

const HEIGHT = 250;
const EDGE = { left: 40, right: 6, top: 12, bottom: 40 };
const WHOLE = 0.95;

export const isPartial = (coverage) => coverage !== null && coverage < WHOLE;

function hatching(kind) {
  return s(
    "pattern",
    { id: `hatch-${kind}`, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { width: 6, height: 6, class: `${kind} faint` }),
    s("rect", { width: 3, height: 6, class: kind }),
  );
}

function column({ x, width, value, y, kind, partial }) {
  const tall = Math.max(value > 0 ? 2 : 0, y(0) - y(value));
  return s("rect", { x, y: y(0) - tall, width, height: tall, rx: Math.min(2, width / 3), class: partial ? `${kind} partial` : kind });
}

function grid(y, width) {
  return y.ticks(4).filter(Number.isInteger).map((value) => [
    s("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value), class: "rule" }),
    s("text", { x: EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)),
  ]);
}

function coverageBar(slot, left, width) {
  if (slot.coverage === null || slot.isFuture) return null;
  const top = HEIGHT - EDGE.bottom + 5;
  return [
    s("rect", { x: left + 1, y: top, width: width - 2, height: 4, class: "ground" }),
    s("rect", { x: left + 1, y: top, width: (width - 2) * slot.coverage, height: 4, class: isPartial(slot.coverage) ? "low" : "observed" }),
  ];
}

/**
 * Draw columns.
 * @param slots [{label, values: [number|null], before: number|null, coverage: number|null, isFuture, isOpen, told}]: `isOpen`: it
 *   is not over yet; `before` is the first value a week or so earlier, `told` what is said beside the pointer.
 * @param kinds The class of each value, such as `in` and `out`.
 */
export function columnChart({ slots, kinds, width, label }) {
  const known = slots.flatMap((slot) => [...slot.values, slot.before]).filter((value) => value !== null);
  const y = d3.scaleLinear([0, Math.max(4, ...known)], [HEIGHT - EDGE.bottom, EDGE.top]).nice(4);
  const x = d3.scaleBand(d3.range(slots.length), [EDGE.left, width - EDGE.right]);
  const band = x.bandwidth();
  const thick = Math.max(2, Math.min(22, (band * 0.76) / kinds.length));
  const every = Math.ceil(44 / band);
  const drawn = slots.map((slot, index) => {
    const left = x(index);
    const middle = left + band / 2;
    const parts = [s("rect", { x: left, y: EDGE.top, width: band, height: y(0) - EDGE.top, class: "hit" })];
    if (slot.values.every((value) => value === null)) {
      if (!slot.isFuture) parts.push(s("rect", { x: left + band * 0.1, y: EDGE.top, width: band * 0.8, height: y(0) - EDGE.top, rx: 3, class: "unobserved" }));
    } else {
      const partial = slot.isOpen || isPartial(slot.coverage);
      const start = middle - (thick * kinds.length) / 2;
      slot.values.forEach((value, which) => {
        if (value !== null) parts.push(column({ x: start + which * thick + 0.5, width: thick - 1, value, y, kind: kinds[which], partial }));
      });
    }
    if (slot.before !== null) parts.push(s("line", { x1: left + band * 0.08, x2: left + band * 0.92, y1: y(slot.before), y2: y(slot.before), class: "before" }));
    parts.push(coverageBar(slot, left, band));
    if (index % every === 0) parts.push(s("text", { x: middle, y: HEIGHT - 14, "text-anchor": "middle" }, slot.label));
    return tell(s("g", { class: "slot" }, parts), slot.told);
  });
  return s(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, class: "chart", role: "img", "aria-label": label },
    s("defs", null, kinds.map(hatching)),
    grid(y, width),
    drawn,
  );
}
