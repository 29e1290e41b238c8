// Shows the agent's picture while this page is looked at, and its figures once a second.
"use strict";

const FIGURES_MS = 1000;
const at = (id) => document.getElementById(id);
const stream = at("stream");
let paused = false, number = 0;

/** Starts or ends the stream: while nobody looks, nothing is drawn. */
function look() {
  const wanted = !paused && !document.hidden;
  at("pause").setAttribute("aria-pressed", String(paused));
  if (wanted) stream.src = `/stream?n=${++number}`;
  else stream.removeAttribute("src");
}

function rows(place, values) {
  at(place).replaceChildren(...values.map((cells) => {
    const row = document.createElement("tr");
    cells.forEach((cell, index) => {
      const box = document.createElement("td");
      box.textContent = cell;
      if (index) box.className = "number";
      row.append(box);
    });
    return row;
  }));
}

const PICTURES = {
  black: "The picture is black: see whether the camera is covered, or the light is off.",
  bright: "The picture is blinded: keep strong light out of the camera's view.",
  frozen: "The picture stands still: restart the camera.",
  silent: "The camera gives no picture: check its power and network.",
};

function tell(figures) {
  at("device").textContent = figures.device;
  at("source").textContent = `${figures.source}.`;
  at("people").textContent = figures.people;
  at("fps").textContent = figures.fps === null ? "-" : figures.fps.toFixed(1);
  at("visits").textContent = figures.visits;
  rows("lines", figures.lines.map((line) => [`${line.id} (${line.kind})`, line.crossed_in, line.crossed_out]));
  rows("zones", figures.zones.map((zone) => [
    `${zone.id} (${zone.kind})`, zone.people ?? "-", zone.stays,
    zone.mean_dwell_s === null ? "-" : `${zone.mean_dwell_s.toFixed(1)} s`,
  ]));
  at("no-lines").hidden = figures.lines.length > 0;
  at("no-zones").hidden = figures.zones.length > 0;
  at("events").textContent = figures.sends_events
    ? "Events go to the store's gateway."
    : "Events of this view go nowhere: what is counted here is not counted in the store.";
  if (figures.picture && figures.picture !== "good") {
    say(PICTURES[figures.picture] ?? `The picture is ${figures.picture}: look at the camera. Nothing is counted meanwhile.`, "bad");
  } else if (!figures.frames) say("Waiting for the first picture of the camera.");
  else if (!figures.is_drawn) say("Lines and zones are drawn on the floor, so they are not shown in the picture.");
  else say("");
}

async function poll() {
  try {
    if (!document.hidden) tell(await ask("GET", "/figures"));
  } catch (error) {
    say(error.message, "bad");
  }
  setTimeout(poll, FIGURES_MS);
}

function toggle() {
  paused = !paused;
  look();
}

stream.addEventListener("error", async () => {
  if (!stream.src) return;
  try {
    await ask("GET", "/stream");  // says why: too many look, or the command has ended
  } catch (error) {
    say(error.message, "bad");
  }
  setTimeout(() => { if (stream.src) look(); }, 3000);
});
at("pause").addEventListener("click", toggle);
document.addEventListener("visibilitychange", look);
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || event.target.matches("button")) return;
  event.preventDefault();
  toggle();
});
look();
poll();
