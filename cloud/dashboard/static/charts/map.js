// Shops on a map: circles as large as their footfall, coloured by how that changed. Each is a link.

import { s } from "../core/dom.js";
import { number, t } from "../core/texts.js";
import { tell } from "./figure.js";
import { fitted, landPath, linesWithin, roundLength } from "./geography.js";

export const LAND_FROM = 3; // degrees across from which the outline of land is true enough to be drawn
const [LEAST_RADIUS, MOST_RADIUS] = [5, 22];
const CHANGES = [-0.1, -0.02, 0.02, 0.1];
const LETTER = 7; // about how wide one is, in pixels
const LINE = 14;
const MERIDIANS = 20; // so high above the lower edge stand their degrees

/** Return the step of the scale on which a change lies: 0 fell most, 4 rose most; "unknown" where there is none. */
export const stepOf = (change) => (change === null ? "unknown" : d3.bisectRight(CHANGES, change));

/** Return the map that some shops fit on: a lower one for few, who would be lost on a large one. */
export const mapOf = (shops, width) => fitted(shops, { width, height: Math.max(240, Math.min(440, 160 + 40 * shops.length, width * 0.55)) });

const isSided = (value) => value !== 0 && Math.abs(value) !== 180;
const degrees = (value, [plus, minus]) => `${number(Math.abs(value), 3)}°${isSided(value) ? (value > 0 ? plus : minus) : ""}`;
const wrapped = (longitude) => ((((longitude + 180) % 360) + 360) % 360) - 180;

function graticule(map) {
  const meridians = linesWithin(map.longitudes).map((each) => [
    s("line", { x1: map.x(each), x2: map.x(each), y1: 0, y2: map.height, class: "graticule" }),
    s("text", { x: map.x(each) + 3, y: map.height - 5 }, degrees(wrapped(each), "EW")),
  ]);
  const parallels = linesWithin(map.latitudes).map((each) => [
    s("line", { x1: 0, x2: map.width, y1: map.y(each), y2: map.y(each), class: "graticule" }),
    map.y(each) > map.height - MERIDIANS ? null : s("text", { x: 4, y: map.y(each) - 3 }, degrees(each, "NS")),
  ]);
  return [...meridians, ...parallels];
}

function lengthBar(map) {
  const km = roundLength(map, 110);
  const [right, y] = [map.width - 10, 20];
  const left = right - km * map.pixelsPerKm;
  const text = km < 1 ? t("explain.metres", { m: km * 1000 }) : t("map.km", { km });
  return [s("line", { x1: left, x2: right, y1: y, y2: y, class: "length" }), s("text", { x: right, y: y - 5, "text-anchor": "end", class: "strong" }, text)];
}

/** Return where names go that touch no other name and no circle of another shop, the greatest shops first. */
function namesOf(circles, map) {
  const taken = circles.map(({ x, y, r }) => ({ left: x - r, right: x + r, top: y - r, bottom: y + r }));
  const isFree = (box, own) => taken.every((each, index) => index === own || box.right < each.left || box.left > each.right || box.bottom < each.top || box.top > each.bottom);
  return circles.flatMap(({ shop, x, y, r }, index) => {
    const width = shop.name.length * LETTER;
    const places = [
      { left: x + r + 4, anchor: "start" },
      { left: x - r - 4 - width, anchor: "end" },
    ];
    for (const { left, anchor } of places) {
      const box = { left, right: left + width, top: y - LINE / 2, bottom: y + LINE / 2 };
      if (box.left < 0 || box.right > map.width || !isFree(box, index)) continue;
      taken.push(box);
      return [s("text", { x: anchor === "start" ? box.left : box.right, y: y + 4, "text-anchor": anchor, class: "place" }, shop.name)];
    }
    return [];
  });
}

/**
 * @param shops [{key, name, latitude, longitude, size: number|null, change: number|null, label, href}]
 * @param land GeoJSON of the outline of land; null: none is drawn.
 */
export function mapChart({ shops, map, land, label }) {
  const radius = d3.scaleSqrt([0, Math.max(1, ...shops.map((shop) => shop.size ?? 0))], [0, MOST_RADIUS]);
  const circles = shops
    .map((shop) => ({ shop, r: Math.max(LEAST_RADIUS, radius(shop.size ?? 0)), x: map.at(shop)[0], y: map.at(shop)[1] }))
    .sort((a, b) => b.r - a.r);
  const drawn = circles.map(({ shop, x, y, r }) => {
    const circle = s("circle", { cx: x, cy: y, r, class: shop.size === null ? "unobserved" : `change-${stepOf(shop.change)}` });
    return tell(s("a", { href: shop.href, "aria-label": shop.label, "data-key": `map-${shop.key}` }, circle), shop.label);
  });
  const ground = land ? s("path", { d: landPath(land, map), class: "land" }) : null;
  const frame = s("svg", { x: 0, y: 0, width: map.width, height: map.height, "aria-hidden": "true" }, s("rect", { width: map.width, height: map.height, class: "sea" }), ground, graticule(map), lengthBar(map));
  return s("svg", { viewBox: `0 0 ${map.width} ${map.height}`, class: "chart map", role: "group", "aria-label": label }, frame, drawn, s("g", { "aria-hidden": "true" }, namesOf(circles, map)));
}
