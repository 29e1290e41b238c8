// What every view does: choose store and period, read, draw, read again, and say how that goes.

import { followAddress, param, rememberedStore, rememberStore, setParams } from "./address.js";
import { ApiError, read } from "./api.js";
import { draw, empty, h } from "./dom.js";
import { DEFAULT_PERIOD, periodOf } from "./period.js";
import { page, t } from "./texts.js";

const at = (id) => document.getElementById(id);
const root = at("view");

/** Return a place to draw into, which is made at first. */
export function panel(id, parent = root) {
  return at(id) ?? parent.appendChild(h("div", { id, class: "panel" }));
}

/** Return the stores and the one that is asked for; null: all of them, or one that is not there. */
async function chooseStore() {
  const stores = await read("/v1/stores");
  const ofAll = page.controls.includes("stores");
  if (!ofAll && !page.controls.includes("store")) return { stores, store: null };
  const asked = param("store");
  const fallback = ofAll ? null : (stores.find((one) => one.store === rememberedStore()) ?? stores[0] ?? null);
  const store = asked ? (stores.find((one) => one.store === asked) ?? null) : fallback;
  if (store) rememberStore(store.store);
  if (store && asked === null) setParams({ store: store.store });
  const all = ofAll ? [{ store: "", name: t("controls.all_stores") }] : [];
  const unknown = asked && !store ? [{ store: asked, name: asked }] : [];
  draw(at("store"), [stores, asked], () =>
    [...all, ...stores, ...unknown].map((one) => h("option", { value: one.store, selected: one.store === (asked ?? store?.store ?? "") }, one.name)),
  );
  return { stores, store };
}

function showPeriod(period) {
  if (!at("period") || at("controls").contains(document.activeElement)) return;
  at("period").value = period.name;
  at("days").hidden = period.name !== "days";
  at("from").value = period.first;
  at("to").value = period.last;
}

function nothingYet() {
  return empty(t("empty.no_store"), t("empty.no_store_hint"));
}

/**
 * Keep a view up to date.
 * @param load Reads what is to be shown and draws it; gets {stores, store, zone, period, refresh}. What it returns says
 *   how up to date the view is.
 * @param everyMs How long to wait between two readings.
 */
export function startView(load, { everyMs = 60_000 } = {}) {
  let running = null;
  let again = false;

  async function once() {
    const { stores, store } = await chooseStore();
    const isMissing = at("store") && param("store") && !store;
    if (!stores.length) draw(root, "none", nothingYet);
    if (isMissing) draw(root, "missing", () => empty(t("empty.unknown_store", { store: param("store") }), t("empty.unknown_store_hint")));
    if (!stores.length || isMissing) return t("pulse.waiting");
    const zone = (store ?? stores[0]).time_zone;
    const period = periodOf(new URLSearchParams(location.search), zone);
    showPeriod(period);
    const told = await load({ stores, store, zone, period, refresh });
    if (told) return told;
    return store && !store.time_zone_is_set ? t("pulse.no_zone") : t("pulse.live");
  }

  function refresh() {
    if (running) {
      again = true;
      return running;
    }
    running = once()
      .then((text) => tell("live", text))
      .catch((error) => tell("lost", t("pulse.lost"), error))
      .finally(() => {
        running = null;
        if (!again) return;
        again = false;
        refresh();
      });
    return running;
  }

  listen(refresh);
  leaveChoicesOut();
  followAddress();
  refresh();
  setInterval(() => document.hidden || refresh(), everyMs);
  return refresh;
}

function tell(state, text, error) {
  at("pulse").className = `pulse ${state}`;
  if (at("pulse-text").textContent !== text) at("pulse-text").textContent = text;
  at("fault").hidden = !error;
  if (!error) return;
  at("fault").textContent = error instanceof ApiError ? error.message : error instanceof TypeError ? t("fault.no_answer") : String(error);
  if (!(error instanceof ApiError) && !(error instanceof TypeError && error.message.includes("fetch"))) console.error(error);
}

/** The language and the colours are kept by the browser; an address to share is without them. */
function leaveChoicesOut() {
  if (param("lang") || param("theme")) setParams({ lang: null, theme: null });
}

function listen(refresh) {
  at("controls")?.addEventListener("submit", (event) => event.preventDefault());
  at("store")?.addEventListener("change", (event) => {
    setParams({ store: event.target.value || null });
    refresh();
  });
  at("period")?.addEventListener("change", (event) => {
    const isDays = event.target.value === "days";
    at("days").hidden = !isDays;
    if (isDays) setParams({ period: null, from: at("from").value, to: at("to").value });
    else setParams({ period: event.target.value === DEFAULT_PERIOD ? null : event.target.value, from: null, to: null });
    refresh();
  });
  for (const name of ["from", "to"]) {
    at(name)?.addEventListener("change", () => {
      setParams({ period: null, from: at("from").value || null, to: at("to").value || null });
      refresh();
    });
  }
  let resized = null;
  addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(refresh, 150);
  });
}
