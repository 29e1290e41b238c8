// A visit's path on the floor.

import { s } from "../core/dom.js";
import { clock, t } from "../core/texts.js";

/** Draw a path in metres, to fit; null where there is none. */
export function floorPath(path, zone) {
  if (path.length < 2) return null;
  const [xs, ys] = [path.map((point) => point.x_m), path.map((point) => point.y_m)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const size = Math.max(Math.max(...xs) - left, Math.max(...ys) - top, 1);
  const at = (point) => [8 + ((point.x_m - left) / size) * 164, 8 + ((point.y_m - top) / size) * 104];
  const [first, last] = [at(path[0]), at(path[path.length - 1])];
  return s(
    "svg",
    { viewBox: "0 0 180 120", class: "path", role: "img", "aria-label": t("visit.path_from", { time: clock(path[0].at, zone) }) },
    s("polyline", { points: path.map((point) => at(point).map((value) => value.toFixed(1)).join(",")).join(" ") }),
    s("circle", { cx: first[0], cy: first[1], r: 4, class: "start" }, s("title", null, t("visit.came_in"))),
    s("circle", { cx: last[0], cy: last[1], r: 4, class: "end" }, s("title", null, t("visit.last_seen"))),
  );
}
