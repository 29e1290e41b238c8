// Footfall by hour: two bars an hour. Hatched: partly observed. Dotted and empty: not observed, which is not zero.

import { h, number, percent, s } from "./dom.js";

const HEIGHT = 230;
const EDGE = { left: 34, right: 6, top: 14, bottom: 30 };
const WHOLE = 0.95;

const niceTop = (most) => {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((size) => most / size <= 4) ?? 10000;
  return { top: Math.max(step, Math.ceil(most / step) * step), step };
};

const hourOf = (bucket) => bucket.local_from.slice(11, 16);
const isPartial = (bucket) => bucket.coverage !== null && bucket.coverage < WHOLE;
const isFuture = (bucket) => bucket.expected_s === 0 && Date.parse(bucket.from) > Date.now();

function describe(bucket) {
  const hour = hourOf(bucket);
  if (isFuture(bucket)) return `${hour}: still to come`;
  if (bucket.entrance.in === null) return `${hour}: not observed`;
  const observed = bucket.coverage === null ? "coverage unknown" : `${percent(bucket.coverage)} observed`;
  return `${hour}: ${bucket.entrance.in} in, ${bucket.entrance.out} out, ${observed}`;
}

function pattern(id, kind) {
  return s(
    "pattern",
    { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { width: 6, height: 6, class: `${kind} faint` }),
    s("rect", { width: 3, height: 6, class: kind }),
  );
}

function bar(x, width, value, scale, kind, partial) {
  const tall = Math.max(value > 0 ? 2 : 0, scale(0) - scale(value));
  return s("rect", {
    x,
    y: scale(0) - tall,
    width,
    height: tall,
    rx: Math.min(2, width / 3),
    class: partial ? `${kind} partial` : kind,
    fill: partial ? `url(#hatch-${kind})` : null,
  });
}

export function footfallChart(buckets, width) {
  const most = Math.max(1, ...buckets.flatMap((bucket) => [bucket.entrance.in ?? 0, bucket.entrance.out ?? 0]));
  const { top, step } = niceTop(most);
  const inner = { width: width - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  const scale = (value) => EDGE.top + inner.height * (1 - value / top);
  const slot = inner.width / buckets.length;
  const thick = Math.max(2, Math.min(16, slot * 0.34));
  const every = Math.ceil(38 / slot);
  const lines = [];
  for (let value = 0; value <= top; value += step) {
    lines.push(s("line", { x1: EDGE.left, x2: width - EDGE.right, y1: scale(value), y2: scale(value), class: "rule" }));
    lines.push(s("text", { x: EDGE.left - 6, y: scale(value) + 4, "text-anchor": "end" }, String(value)));
  }
  const hours = buckets.map((bucket, index) => {
    const middle = EDGE.left + slot * (index + 0.5);
    const parts = [s("title", null, describe(bucket))];
    if (bucket.entrance.in === null) {
      const kind = isFuture(bucket) ? "future" : "unobserved";
      const box = { x: middle - slot * 0.42, y: EDGE.top, width: slot * 0.84, height: inner.height, rx: 3, class: kind };
      parts.push(s("rect", box));
    } else {
      const partial = isPartial(bucket);
      parts.push(s("rect", { x: middle - slot / 2, y: EDGE.top, width: slot, height: inner.height, class: "hit" }));
      parts.push(bar(middle - thick - 0.5, thick, bucket.entrance.in, scale, "in", partial));
      parts.push(bar(middle + 0.5, thick, bucket.entrance.out, scale, "out", partial));
    }
    if (index % every === 0) {
      parts.push(s("text", { x: middle, y: HEIGHT - 10, "text-anchor": "middle" }, hourOf(bucket).slice(0, 2)));
    }
    return s("g", { class: "hour" }, ...parts);
  });
  return s(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, class: "chart", "aria-hidden": "true" },
    s("defs", null, pattern("hatch-in", "in"), pattern("hatch-out", "out")),
    ...lines,
    ...hours,
  );
}

/** The same figures in words, for screen readers and for those who like tables. */
export function footfallTable(buckets) {
  const value = (bucket, direction) =>
    bucket.entrance[direction] === null ? (isFuture(bucket) ? "" : "not observed") : number(bucket.entrance[direction]);
  return h(
    "details",
    { class: "as-table" },
    h("summary", { "data-key": "as-table" }, "Show as a table"),
    h(
      "table",
      null,
      h("thead", null, h("tr", null, ...["Hour", "In", "Out", "Observed"].map((name) => h("th", { scope: "col" }, name)))),
      h(
        "tbody",
        null,
        ...buckets.map((bucket) =>
          h(
            "tr",
            null,
            h("th", { scope: "row" }, hourOf(bucket)),
            h("td", null, value(bucket, "in")),
            h("td", null, value(bucket, "out")),
            h("td", null, isFuture(bucket) ? "" : percent(bucket.coverage)),
          ),
        ),
      ),
    ),
  );
}

export function footfallLegend() {
  const key = (kind, text) => h("span", { class: "key" }, h("i", { class: `swatch ${kind}` }), text);
  return [key("in", "in"), key("out", "out"), key("hatched", "partly observed"), key("unseen", "not observed")];
}

/** A visit's path on the floor, in metres, drawn to fit; or null where there is none. */
export function floorPath(path, zone, clock) {
  if (path.length < 2) return null;
  const xs = path.map((point) => point.x_m);
  const ys = path.map((point) => point.y_m);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const size = Math.max(Math.max(...xs) - left, Math.max(...ys) - top, 1);
  const at = (point) => [8 + ((point.x_m - left) / size) * 164, 8 + ((point.y_m - top) / size) * 104];
  const [first, last] = [at(path[0]), at(path[path.length - 1])];
  return s(
    "svg",
    { viewBox: "0 0 180 120", class: "path", role: "img", "aria-label": `Path from ${clock(path[0].at, zone)}` },
    s("polyline", { points: path.map((point) => at(point).map((v) => v.toFixed(1)).join(",")).join(" ") }),
    s("circle", { cx: first[0], cy: first[1], r: 4, class: "start" }, s("title", null, "Came in")),
    s("circle", { cx: last[0], cy: last[1], r: 4, class: "end" }, s("title", null, "Last seen")),
  );
}
