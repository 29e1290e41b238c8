// The picture: shapes as SVG in the picture's own pixels, a cross that mouse and arrow keys move, a magnifying glass.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

/** Returns a new SVG element. */
function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

const path = (points, closed) => points.map(([x, y], i) => `${i ? "L" : "M"}${x} ${y}`).join("") + (closed ? "Z" : "");

/** The picture, its cross, and what happens where somebody clicks. */
const view = {
  size: [1, 1],
  cross: [0, 0],
  unit: 1, // picture pixels per screen pixel

  fit(size) {
    this.size = size;
    byId("drawing").setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
    byId("still").setAttribute("width", size[0]);
    byId("still").setAttribute("height", size[1]);
    this.unit = size[0] / Math.max(1, byId("drawing").clientWidth);
    this.moveTo([size[0] / 2, size[1] / 2]);
  },

  refresh() {
    byId("still").setAttribute("href", `/still.png?${Date.now()}`);
  },

  /** Returns where the mouse is, in picture pixels, to half a pixel. */
  at(event) {
    const box = byId("drawing").getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * this.size[0];
    const y = ((event.clientY - box.top) / box.height) * this.size[1];
    return this.inside([Math.round(x * 2) / 2, Math.round(y * 2) / 2]);
  },

  inside([x, y]) {
    return [Math.min(Math.max(x, 0), this.size[0]), Math.min(Math.max(y, 0), this.size[1])];
  },

  moveTo(point) {
    this.cross = this.inside(point);
    const [x, y] = this.cross;
    const arm = 12 * this.unit;
    const arms = `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`;
    byId("cursor").replaceChildren(svg("path", { d: arms, class: "cross dark" }), svg("path", { d: arms, class: "cross" }));
    const reach = 20;
    byId("loupe").setAttribute("viewBox", `${x - reach} ${y - reach} ${2 * reach} ${2 * reach}`);
    byId("loupe").classList.toggle("left", x > this.size[0] * 0.6 && y < this.size[1] * 0.45);
    byId("where").textContent = `Cross at ${x}, ${y}.`;
  },
};

/** Draws everything: the floor's grid, finished shapes, the one that is being drawn, and what lies on the floor. */
function draw(drawing, draft, report, fixed) {
  const grid = byId("show-grid").checked && report?.floor ? report.floor.grid : [];
  const places = byId("show-errors").checked && report?.floor ? report.floor.places : [];
  byId("grid").replaceChildren(...grid.flatMap(gridLine), ...places.map(placeError));
  const shapes = fixed.map((points) => svg("path", { d: path(points), class: "shape fixed" }));
  for (const tool of ["masks", "zones", "tripwires", "lines"]) {
    drawing[tool].forEach((item, index) => shapes.push(...shape(tool, item.points, index, item.id ?? `${index + 1}`)));
  }
  if (draft.points.length) shapes.push(...shape(draft.tool, draft.points, -1, "", true));
  const worst = report?.floor && report.floor.rms_cm > 0.05 ? report.floor.worst : 0;
  drawing.floor.forEach((pair, index) => {
    shapes.push(handle(pair.px, "floor", index, 0, index + 1 === worst ? "bad" : ""), label(pair.px, `${index + 1}`));
  });
  byId("shapes").replaceChildren(...shapes);
}

function shape(tool, points, index, name, isDraft = false) {
  const closed = !isDraft && (tool === "zones" || tool === "masks");
  const found = [
    svg("path", { d: path(points, closed), class: "halo" }),
    svg("path", { d: path(points, closed), class: `shape ${tool}` }),
  ];
  if (tool === "tripwires" && points.length > 1) found.push(...arrow(points));
  if (tool === "floor") found.length = 0;
  points.forEach((point, corner) => found.push(handle(point, tool, index, corner)));
  if (name && points.length) found.push(label(points[0], name));
  return found;
}

/** Points to where "in" is: to the right of the way from the line's first point to its last. */
function arrow(points) {
  const middle = Math.max(1, Math.floor(points.length / 2));
  const [[ax, ay], [bx, by]] = [points[middle - 1], points[middle]];
  const [x, y] = [(ax + bx) / 2, (ay + by) / 2];
  const length = Math.hypot(bx - ax, by - ay) || 1;
  const [dx, dy] = [((ay - by) / length) * 26 * view.unit, ((bx - ax) / length) * 26 * view.unit];
  const head = `M${x + dx * 0.6 - dy * 0.25} ${y + dy * 0.6 + dx * 0.25}L${x + dx} ${y + dy}L${x + dx * 0.6 + dy * 0.25} ${y + dy * 0.6 - dx * 0.25}`;
  const d = `M${x} ${y}L${x + dx} ${y + dy}${head}`;
  return [svg("path", { d, class: "halo" }), svg("path", { d, class: "shape tripwires" }), label([x + dx, y + dy], "in")];
}

function handle([x, y], tool, index, corner, more = "") {
  const at = { cx: x, cy: y, r: 5 * view.unit, class: `handle ${tool} ${more}` };
  return svg("circle", { ...at, "data-tool": tool, "data-index": index, "data-corner": corner });
}

function label([x, y], text) {
  return svg("text", { x: x + 8 * view.unit, y: y - 8 * view.unit, "font-size": 14 * view.unit, class: "label" }, text);
}

function gridLine(line) {
  const [x, y] = line.points[line.points.length - 1];
  const inset = Math.min(Math.max(x, 4 * view.unit), view.size[0] - 50 * view.unit);
  const text = svg("text", { x: inset, y: Math.min(y, view.size[1] - 4 * view.unit), "font-size": 11 * view.unit, class: "label" }, line.label);
  return [svg("path", { d: path(line.points), class: "grid" }), text];
}

/** Tells how far off a position is expected to be at a place of the picture. */
function placeError({ px: [x, y], error_cm }) {
  return svg("text", { x, y, "font-size": 12 * view.unit, "text-anchor": "middle", class: "label error" }, `±${Math.round(error_cm)} cm`);
}

/** Draws the floor plan, and the floor's points on it. */
function drawPlan(plan, floor, chosen) {
  byId("plan-card").hidden = !plan.length;
  if (!plan.length) return;
  const all = plan.flatMap((each) => each.points);
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs) - 0.5, Math.min(...ys) - 0.5];
  const [width, height] = [Math.max(...xs) - left + 0.5, Math.max(...ys) - top + 0.5];
  const shapes = plan.map((each) => {
    const one = svg("path", { d: path(each.points, true), class: each.kind });
    one.append(svg("title", {}, each.name));
    return one;
  });
  const spot = width / 90;
  floor.forEach((pair, index) => {
    if (pair.m.some((value) => value === null)) return;
    shapes.push(svg("circle", { cx: pair.m[0], cy: pair.m[1], r: spot, class: "spot" }));
    shapes.push(svg("text", { x: pair.m[0] + spot, y: pair.m[1] - spot, "font-size": 3 * spot }, `${index + 1}`));
  });
  byId("plan").setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  byId("plan").replaceChildren(...shapes);
  byId("plan-target").textContent = floor.length ? `point ${chosen + 1}` : "draw one in the picture first";
}
