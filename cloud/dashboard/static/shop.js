// Keeps the page of a shop up to date: reads the API every two seconds and draws what changed.

import { footfallChart, footfallLegend, footfallTable } from "./chart.js";
import { dayOf, draw, empty, h } from "./dom.js";
import { figures, healthPanel, linksPanel, occupancyPanel, profilePanel, visitsPanel } from "./panels.js";

const REFRESH_MS = 2000;
const at = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.hash.slice(1)); // such as /#store=west&visit=...
const view = {
  store: asked.get("store"),
  day: asked.get("day"),
  decision: "all",
  visit: asked.get("visit"),
  profile: asked.get("profile"),
  profilePinned: asked.has("profile"),
};

class ApiError extends Error {}

async function read(path, query = {}) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) if (value !== null) url.searchParams.set(name, value);
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (response.status === 401) location.assign("/login");
  const body = await response.json();
  if (!response.ok) throw new ApiError(body.detail ?? `${response.status} from ${path}`);
  return body;
}

const counted = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;

function options(select, entries, chosen) {
  draw(select, [entries, chosen], () => entries.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
  if (chosen !== null && select.value !== chosen) select.value = chosen;
}

async function chooseStore() {
  const stores = await read("/v1/stores");
  if (!stores.some((store) => store.store === view.store)) view.store = stores[0]?.store ?? null;
  options(at("store"), stores.map((store) => [store.store, store.name]), view.store);
  return stores.find((store) => store.store === view.store);
}

function drawFootfall(footfall) {
  const width = Math.max(280, at("footfall").clientWidth);
  draw(at("footfall-legend"), 1, footfallLegend);
  draw(at("footfall"), [footfall.buckets, width], () => {
    const seen = footfall.buckets.some((bucket) => bucket.entrance.in !== null);
    const parts = [footfallChart(footfall.buckets, width), footfallTable(footfall.buckets)];
    if (seen) return parts;
    return [empty("Nothing was observed on this day", "That is not the same as nobody. Choose another day, or check the cameras below."), ...parts];
  });
}

async function drawProfile(zone) {
  const { items } = await read("/v1/profiles", { limit: 50 });
  const known = items.some((one) => one.one_id === view.profile);
  if (!known && !view.profilePinned) {
    view.profile = [...items].sort((a, b) => b.linked_visits - a.linked_visits || b.touches - a.touches)[0]?.one_id ?? null;
  }
  const entries = items.map((one) => [one.one_id, `…${one.one_id.slice(-6)} · ${counted(one.linked_visits, "visit")}, ${counted(one.touches, "touch", "touches")}`]);
  if (view.profile && !entries.some(([value]) => value === view.profile)) entries.unshift([view.profile, `…${view.profile.slice(-6)}`]);
  options(at("profile-pick"), entries, view.profile);
  const profile = view.profile ? await read(`/v1/profiles/${view.profile}`) : null;
  draw(at("profile"), profile, () => profilePanel(profile, zone));
}

async function drawVisits(day, zone) {
  const visits = await read(`/v1/stores/${view.store}/visits`, { from: day.from, to: day.to, limit: 12 });
  const detail = view.visit ? await read(`/v1/visits/${view.visit}`) : null;
  at("visits-count").textContent = visits.total > visits.items.length ? `latest ${visits.items.length} of ${visits.total}` : "";
  const open = (id) => {
    view.visit = view.visit === id ? null : id;
    refresh();
  };
  draw(at("visits"), [visits, detail], () => visitsPanel({ visits, detail, open: view.visit, zone }, { open }));
  return visits;
}

async function drawLinks(zone) {
  const decision = view.decision === "all" ? null : view.decision;
  const links = await read("/v1/links", { store: view.store, decision, limit: 10 });
  const show = (kind) => {
    view.decision = kind;
    refresh();
  };
  const profile = (oneId) => {
    view.profile = oneId;
    view.profilePinned = true;
    refresh().then(() => at("profile-title").scrollIntoView({ block: "nearest", behavior: "smooth" }));
  };
  draw(at("links"), [links, view.decision], () => linksPanel({ links, shown: view.decision, zone }, { show, profile }));
  return links;
}

async function drawHealth() {
  const [reconciliation, devices, deadLetters] = await Promise.all([
    read(`/v1/stores/${view.store}/reconciliation`),
    read(`/v1/stores/${view.store}/devices`),
    read("/v1/dead-letters", { limit: 1 }),
  ]);
  const second = Math.floor(Date.now() / REFRESH_MS);
  draw(at("health"), [reconciliation, devices, deadLetters, second], () => healthPanel({ reconciliation, devices, deadLetters }));
}

async function drawAll() {
  const store = await chooseStore();
  document.body.classList.toggle("no-store", !store);
  if (!store) {
    draw(at("figures"), "none", () => empty("No store yet", "A store appears with its first event. Point a gateway at this address with a key of scope ingest."));
    return "waiting for the first event";
  }
  const zone = store.time_zone;
  const today = dayOf(Date.now(), zone);
  if (document.activeElement !== at("day")) at("day").value = view.day ?? today;
  const path = `/v1/stores/${view.store}`;
  const [hours, days, occupancy] = await Promise.all([
    read(`${path}/footfall`, { grain: "hour", day: view.day }),
    read(`${path}/footfall`, { grain: "day", day: view.day }),
    read(`${path}/occupancy`),
  ]);
  const day = days.buckets[0];
  drawFootfall(hours);
  draw(at("occupancy"), occupancy, () => occupancyPanel(occupancy, zone));
  const [visits, links] = await Promise.all([drawVisits(day, zone), drawLinks(zone), drawProfile(zone), drawHealth()]);
  const isToday = (view.day ?? today) === today;
  draw(at("figures"), [occupancy, day, visits.total, links.counts], () => figures({ occupancy, day, visits, links, isToday }));
  return store.time_zone_is_set ? `live · ${zone}` : "live · UTC: no time zone is set for this store";
}

let running = null;
let again = false;

function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = drawAll()
    .then((text) => {
      at("pulse").className = "pulse live";
      at("pulse-text").textContent = text;
      at("fault").hidden = true;
    })
    .catch((error) => {
      at("pulse").className = "pulse lost";
      at("pulse-text").textContent = "not up to date";
      at("fault").hidden = false;
      at("fault").textContent = error instanceof ApiError ? error.message : "The cloud does not answer. The page tries again every two seconds; the figures shown are the last ones received.";
    })
    .finally(() => {
      running = null;
      if (again) {
        again = false;
        refresh();
      }
    });
  return running;
}

at("store").addEventListener("change", (event) => {
  Object.assign(view, { store: event.target.value, visit: null });
  refresh();
});
at("day").addEventListener("change", (event) => {
  Object.assign(view, { day: event.target.value || null, visit: null });
  refresh();
});
at("today").addEventListener("click", () => {
  at("day").value = "";
  Object.assign(view, { day: null, visit: null });
  refresh();
});
at("profile-pick").addEventListener("change", (event) => {
  Object.assign(view, { profile: event.target.value, profilePinned: true });
  refresh();
});
at("controls").addEventListener("submit", (event) => event.preventDefault());
addEventListener("resize", () => refresh());
refresh();
setInterval(() => document.hidden || refresh(), REFRESH_MS);
