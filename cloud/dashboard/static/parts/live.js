// What goes on in a shop now, told by the cloud as it changes.

import { empty, h, level } from "../core/dom.js";
import { clock, named, number, t } from "../core/texts.js";

let source = null;
let followed = null;
let latest = null;

/**
 * Follow a shop, and none that was followed before.
 * @param store Its name; null: follow none. A page that nobody looks at follows none either.
 * @param show Called whenever something changed.
 */
export function followShop(store, show) {
  const wanted = document.hidden ? null : store;
  if (wanted === followed && source?.readyState !== EventSource.CLOSED) return;
  source?.close();
  [followed, latest] = [wanted, null];
  source = wanted === null ? null : new EventSource(`/v1/stores/${encodeURIComponent(wanted)}/live`);
  source?.addEventListener("live", (event) => {
    latest = JSON.parse(event.data);
    show();
  });
}

/** Return {occupancy, queues} of a shop as told last; null: nothing was told yet. */
export const liveOf = (store) => (latest?.store === store ? latest : null);

export function occupancyPanel({ occupancy, queues }, zone) {
  if (!occupancy.zones.length) return empty(t("zones.none"), t("zones.none_hint"));
  const oldest = occupancy.zones.map((one) => one.at).sort()[0];
  const most = Math.max(1, ...occupancy.zones.map((one) => one.people));
  const rows = occupancy.zones.map((one) =>
    h("li", null, h("span", null, one.zone_id, h("small", null, ` ${named("zone", one.zone_kind)}`)), level(one.people / most), h("strong", { title: `${one.device}, ${clock(one.at, zone)}` }, number(one.people))),
  );
  return [h("ul", { class: "zones" }, rows), queues.map(queueLine), h("p", { class: "quiet" }, t("zones.total", { count: occupancy.people_in_zones, time: clock(oldest, zone) }))];
}

function queueLine({ zone_id: name, waiting, longest_wait_s: longest }) {
  const told = waiting === null ? t("queues.unknown") : t("queues.waiting", { count: waiting });
  return h("p", { class: "queue" }, h("b", null, name), ` ${told}`, longest === null ? null : `, ${t("queues.longest", { minutes: number(longest / 60, 1) })}`);
}
