// A floor in metres: where people stood, over the plan as far as one was drawn.

import { s } from "../core/dom.js";
import { duration, t } from "../core/texts.js";
import { tell } from "./figure.js";

const SHARES = [0.4, 0.7, 0.87, 0.96, 1]; // which share of the squares lies on each step of the scale or below
const MARGIN_M = 0.5;
const MOST_TALL = 640;

/** Return up to how many seconds each step of the scale reaches. */
export const stepsOf = (squares) => {
  const sorted = squares.map((square) => square.person_s).sort(d3.ascending);
  return SHARES.map((share) => d3.quantileSorted(sorted, share));
};

function extent(squares, cell, plan, trails) {
  const corners = [...plan.zones, ...plan.obstacles].flatMap((part) => part.corners);
  const walked = trails.flatMap(({ path }) => path.map((point) => [point.x_m, point.y_m]));
  const points = [...corners, ...walked, ...plan.tripwires.flatMap((line) => [line.start, line.end]), ...squares.flatMap(({ column, row }) => [[column * cell, row * cell], [(column + 1) * cell, (row + 1) * cell]])];
  const [left, right] = d3.extent(points, (point) => point[0]);
  const [top, bottom] = d3.extent(points, (point) => point[1]);
  return { left: left - MARGIN_M, right: right + MARGIN_M, top: top - MARGIN_M, bottom: bottom + MARGIN_M };
}

const middle = (corners) => [d3.mean(corners, (corner) => corner[0]), d3.mean(corners, (corner) => corner[1])];

/** Walking from the line's start to its end, "in" is from its left to its right. */
function tripwire(line, at) {
  const [[x1, y1], [x2, y2]] = [at(line.start), at(line.end)];
  const [mx, my, length] = [(x1 + x2) / 2, (y1 + y2) / 2, Math.hypot(x2 - x1, y2 - y1) || 1];
  const [nx, ny] = [(-(y2 - y1) / length) * 14, ((x2 - x1) / length) * 14];
  const name = s("text", { x: mx + nx, y: my + ny + (ny < 0 ? -6 : 14), "text-anchor": "middle", class: "zone-name" }, line.tripwire_id);
  return [name, s("line", { x1, y1, x2, y2, class: `tripwire ${line.kind}` }, s("title", null, line.tripwire_id)), s("line", { x1: mx, y1: my, x2: mx + nx, y2: my + ny, class: "inwards" }), s("circle", { cx: mx + nx, cy: my + ny, r: 2.5, class: "inwards-end" })];
}

/** The way of one visit, from the hollow point to the full one. */
function trail({ path, label }, at) {
  const points = path.map((point) => at([point.x_m, point.y_m]));
  const [[x1, y1], [x2, y2]] = [points[0], points.at(-1)];
  const line = s("polyline", { points: points.map((point) => point.map((value) => value.toFixed(1)).join(",")).join(" "), class: "trail" });
  return [tell(line, label), s("circle", { cx: x1, cy: y1, r: 4, class: "trail-start" }), s("circle", { cx: x2, cy: y2, r: 4, class: "trail-end" })];
}

/**
 * @param heat As the API answers; its squares are known and not none, or the plan has parts, or there are trails.
 * @param trails {path, label} of visits, their paths of two points or more.
 */
export function floorChart({ heat, plan, trails = [], width, label }) {
  const squares = heat.squares ?? [];
  const cell = heat.cell_m ?? 1;
  const box = extent(squares, cell, plan, trails);
  const scale = Math.min((width - 2) / (box.right - box.left), MOST_TALL / (box.bottom - box.top));
  const at = ([x, y]) => [(x - box.left) * scale, (y - box.top) * scale];
  const outline = (corners) => corners.map((corner) => at(corner).map((value) => value.toFixed(1)).join(",")).join(" ");
  const most = squares.length ? stepsOf(squares) : [];
  const [wide, tall] = at([box.right, box.bottom]);
  const drawn = squares.map(({ column, row, person_s: seconds }) => {
    const [x, y] = at([column * cell, row * cell]);
    const step = most.findIndex((limit) => seconds <= limit);
    return tell(s("rect", { x, y, width: cell * scale, height: cell * scale, class: `heat-${step}` }), t("floor.square", { time: duration(seconds), x: (column + 0.5) * cell, y: (row + 0.5) * cell }));
  });
  const zones = plan.zones.map((zone) => s("polygon", { points: outline(zone.corners), class: `zone ${zone.zone_kind}` }));
  const names = plan.zones.map((zone) => {
    const [x, y] = at(middle(zone.corners));
    return s("text", { x, y: y + 4, "text-anchor": "middle", class: "zone-name" }, zone.zone_id);
  });
  const devices = plan.devices.map((one) => {
    const [cx, cy] = at(one.at);
    return s("g", null, s("circle", { cx, cy, r: 5, class: "device" }), s("title", null, one.device));
  });
  const obstacles = plan.obstacles.map((one) => s("polygon", { points: outline(one.corners), class: "obstacle" }, s("title", null, one.name)));
  const metre = [s("line", { x1: 8, x2: 8 + scale, y1: tall - 8, y2: tall - 8, class: "scale" }), s("text", { x: 12 + scale, y: tall - 4 }, t("explain.metres", { m: 1 }))];
  return s("svg", { viewBox: `0 0 ${wide} ${tall}`, width: wide, height: tall, class: "chart floor", role: "img", "aria-label": label }, drawn, obstacles, zones, plan.tripwires.map((line) => tripwire(line, at)), devices, names, trails.map((one) => trail(one, at)), metre);
}
