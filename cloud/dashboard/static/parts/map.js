// Where the shops are, how many people each drew, and how that changed.

import { viewAddress } from "../core/address.js";
import { read } from "../core/api.js";
import { card, empty } from "../core/dom.js";
import { number, sharePercent, signedPercent, t } from "../core/texts.js";
import { chartCard, key } from "../charts/figure.js";
import { LAND_FROM, mapChart, mapOf } from "../charts/map.js";

const LAND = new URL("../land/land.json", import.meta.url);
const STEPS = [0, 1, 2, 3, 4];
let land = null;

const isPlaced = ({ store }) => store.latitude_deg !== null;

const placeOf = ({ latitude_deg: latitude, longitude_deg: longitude }) => ({ latitude, longitude });

/** Return the outline of land where the shops lie so far apart that it is of use. It is read once. */
export async function readLand(rows, width) {
  const places = rows.filter(isPlaced).map((row) => placeOf(row.store));
  if (!places.length || mapOf(places, width).span < LAND_FROM) return null;
  land ??= read(LAND);
  return land;
}

function shopOf({ store, entered, change, coverage }, carried) {
  const parts = [
    entered === null ? t("footfall.not_observed") : t("map.entered", { count: entered }),
    change === null ? t("map.no_change") : t("map.changed", { change: signedPercent(change) }),
    coverage === null ? null : t("map.observed", { share: sharePercent(coverage) }),
  ];
  return {
    key: store.store,
    name: store.name,
    ...placeOf(store),
    size: entered,
    change,
    label: `${store.name}: ${parts.filter(Boolean).join(", ")}`,
    href: viewAddress("shop", { store: store.store, ...carried }),
  };
}

/**
 * @param rows {store, entered, change, coverage} of each shop.
 * @param carried What of the address goes along to a shop.
 */
export function mapCard({ rows, land: outline, width, file, carried }) {
  const title = t("map.title");
  const placed = rows.filter(isPlaced);
  if (!placed.length) return card({ id: "map", title }, empty(t("map.nowhere"), t("map.nowhere_hint")));
  const shops = placed.map((row) => shopOf(row, carried));
  const map = mapOf(shops, width);
  const missing = rows.length - placed.length;
  return chartCard({
    id: "map",
    title,
    note: [t("map.note"), missing ? ` ${t("map.missing", { count: missing })}` : null],
    legend: [...STEPS.map((step) => key(`change-${step}`, t(`map.step_${step}`))), key("change-unknown", t("map.step_unknown")), key("unseen", t("footfall.not_observed"))],
    svg: mapChart({ shops, map, land: outline, label: title }),
    columns: [
      { title: t("overview.shop") },
      { title: t("map.latitude"), number: true },
      { title: t("map.longitude"), number: true },
      { title: t("overview.entered"), number: true, show: (value) => (value === null ? t("footfall.not_observed") : number(value)) },
      { title: t("overview.change"), number: true, show: signedPercent },
      { title: t("overview.observed"), number: true, show: sharePercent },
    ],
    rows: placed.map(({ store, entered, change, coverage }) => [store.name, store.latitude_deg, store.longitude_deg, entered, change, coverage]),
    file,
  });
}
