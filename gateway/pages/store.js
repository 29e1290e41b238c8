"use strict";
/* Shows the store as the gateway knows it, every two seconds. Works without the internet. */

const PAUSE_MS = 2000;
const at = (id) => document.getElementById(id);
const time = (ms) => (ms === null ? "never" : new Date(ms).toLocaleTimeString());
const duration = (s) => (s === null || s === undefined ? "" : s < 90 ? `${Math.round(s)} s` : `${Math.round(s / 60)} min`);

function cell(text, name) {
  const made = document.createElement("td");
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function fill(body, rows, empty, columns) {
  const made = rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells);
    return row;
  });
  if (made.length === 0) {
    const row = document.createElement("tr"), note = cell(empty, "soft");
    note.colSpan = columns;
    row.append(note);
    made.push(row);
  }
  body.replaceChildren(...made);
}

const STORAGE = { roomy: ["green", () => ""], thinning: ["yellow", (storage) => `the disk fills: ${storage.events_thinned} events were deleted unsent`],
  full: ["red", () => "full: nothing is taken in, devices keep their events; see that the cloud is reached"] };

function showStorage(storage) {
  if (!storage) { at("room").textContent = "-"; at("storage").textContent = ""; return; }
  const [light, why] = STORAGE[storage.state] ?? ["grey", () => storage.state];
  const used = `${Math.round(100 * storage.used_bytes / storage.max_bytes)} % used`;
  at("room").textContent = used;
  at("room").className = light === "green" ? "large" : `large light ${light}`;
  at("storage").textContent = why(storage);
}

function showClock(store) {
  const offset = store.clock_offset_s;
  at("clock").textContent = offset === null ? "-" : store.clock_light === "green" ? "right" : `${offset > 0 ? "+" : "\u2212"}${duration(Math.abs(offset))}`;
  at("clock").className = ["yellow", "red"].includes(store.clock_light) ? `large light ${store.clock_light}` : "large";
  at("clock-why").textContent = store.clock_why;
}

function show(store) {
  at("store").textContent = `${store.store} now`;
  at("people").textContent = store.people === null ? "-" : Math.max(0, store.people);
  at("since").textContent = store.people === null ? "set [occupancy] enabled to count" : `${store.went_in} came, ${store.went_out} left`;
  const queues = store.zones.filter((zone) => zone.waiting !== null);
  at("waiting").textContent = queues.length ? queues.reduce((sum, zone) => sum + zone.waiting, 0) : "-";
  const longest = Math.max(-1, ...queues.map((zone) => zone.longest_wait_s ?? -1));
  at("longest").textContent = longest >= 0 ? `the first has waited ${duration(longest)}` : "";
  const known = store.devices.filter((device) => !device.is_revoked);
  at("working").textContent = `${known.filter((device) => device.light === "green").length} of ${known.length}`;
  at("cloud").textContent = store.waiting ? `${store.waiting} events wait for the cloud` : "all is in the cloud";
  at("joining").textContent = store.joining;
  showStorage(store.storage);
  showClock(store);
  fill(at("zones"), store.zones.map((zone) => [
    cell(`${zone.zone} (${zone.device})`), cell(zone.kind.replace("_", " ")), cell(zone.people, "number"),
    cell(zone.waiting ?? "", "number"), cell(duration(zone.longest_wait_s), "number"),
  ]), "No camera has told of its zones within the last minute.", 5);
  fill(at("devices"), known.map((device) => [
    cell(device.device), cell(device.kind), cell(device.light, `light ${device.light}`),
    cell(device.reasons.join("; ")), cell(time(device.seen_ms)),
  ]), "No device has come yet.", 5);
}

async function look() {
  try {
    const answer = await fetch("/store.json");
    if (!answer.ok) throw new Error(await answer.text());
    const store = await answer.json();
    show(store);
    document.body.classList.remove("stale");
    at("state").textContent = `as of ${time(store.now_ms)}`;
  } catch (error) {
    document.body.classList.add("stale");
    at("state").textContent = `the gateway does not answer: ${error.message}`;
  }
  setTimeout(look, document.hidden ? 5 * PAUSE_MS : PAUSE_MS);
}

look();
