// What the operator does: draws, sees at once what it is worth, saves.
"use strict";

const HINTS = {
  floor: "Click a point of the floor that you find on the plan, then type its metres (or click it on the plan).",
  tripwires: "Click from end to end of the line, then finish. Who goes from its left to its right goes in: see the arrow.",
  zones: "Click round the zone on the floor, then finish.",
  masks: "Click round what nobody may see, then finish.",
  lines: "Click three or more points of an edge that is straight in the world, best near the picture's border; finish.",
};
const LEAST = { tripwires: 2, zones: 3, masks: 3, lines: 3 };
const SHAPES = ["tripwires", "zones", "masks", "lines"];

let state = null;
let drawing = null; // floor: pairs {px, m}; the others as the command knows them, lines as {points}
let draft = { tool: "floor", points: [] };
let report = null;
let chosen = 0;
let saved = "";
let waiting = null;
let dragged = null;

const pairsOf = (one) => one.image_px.map((px, index) => ({ px: [...px], m: [...(one.floor_m[index] ?? [null, null])] }));

function open(from) {
  state = from;
  const { image_px, floor_m, lines, ...rest } = structuredClone(state.drawing);
  drawing = { ...rest, floor: pairsOf({ image_px, floor_m }), lines: lines.map((points) => ({ points })) };
  drawing.picture_size = state.picture_size;
  saved = JSON.stringify(sent());
  byId("file").textContent = state.file;
  view.fit(state.picture_size);
  view.refresh();
  const other = state.drawn_size && state.drawn_size.join() !== state.picture_size.join();
  if (other) say(`This was drawn in a picture of ${state.drawn_size.join("x")}; the camera now gives ${state.picture_size.join("x")}. Move everything to its place.`, "bad");
  changed();
}

/** Returns the drawing as the command takes it; points of the floor without metres are left out. */
function sent() {
  const known = drawing.floor.filter((pair) => pair.m.every((value) => value !== null));
  const { floor, lines, ...rest } = drawing;
  return { ...rest, lines: lines.map((line) => line.points), image_px: known.map((pair) => pair.px), floor_m: known.map((pair) => pair.m) };
}

function changed() {
  chosen = Math.min(chosen, Math.max(0, drawing.floor.length - 1));
  show();
  clearTimeout(waiting);
  waiting = setTimeout(check, 200);
}

async function check() {
  try {
    report = await ask("POST", "/check", sent());
    show();
  } catch (error) {
    say(error.message, "bad");
  }
}

function show() {
  const focused = document.activeElement?.getAttribute("aria-label");
  const isChanged = JSON.stringify(sent()) !== saved;
  draw(drawing, draft, report, state.on_floor);
  drawPlan(state.plan, drawing.floor, chosen);
  listFloor(drawing.floor, report, chosen, changed);
  const share = (item) => {
    const told = report?.tripwires.find((each) => each.id === item.id);
    if (!told) return [];
    const text = told.usable_share < 0.01 ? "It can never fire." : `${Math.round(told.usable_share * 100)} % of it can fire.`;
    return [html("p", { className: told.usable_share < 0.5 ? "is-bad" : "soft", textContent: text })];
  };
  listShapes("tripwires", "tripwire", drawing.tripwires, state.tripwire_kinds, share, changed);
  listShapes("zones", "zone", drawing.zones, state.zone_kinds, () => [], changed);
  listShapes("masks", "mask", drawing.masks, [], () => [], changed);
  listShapes("lines", "line", drawing.lines, [], () => [], changed);
  listVerdict(report, isChanged);
  byId("save").disabled = !isChanged || !report || report.errors.length > 0;
  byId("finish").disabled = draft.points.length < (LEAST[draft.tool] ?? Infinity);
  byId("hint").textContent = HINTS[draft.tool];
  const floorPlane = state.plane === "floor";
  for (const button of document.querySelectorAll("[data-tool]")) {
    if (button.tagName !== "BUTTON") continue;
    button.setAttribute("aria-pressed", String(button.dataset.tool === draft.tool));
    button.disabled = floorPlane && ["tripwires", "zones"].includes(button.dataset.tool);
  }
  if (focused) document.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function choose(index) {
  if (index === chosen) return;
  chosen = index;
  drawPlan(state.plan, drawing.floor, chosen);
  document.querySelectorAll("#floor-list .item").forEach((row, place) => row.classList.toggle("chosen", place === chosen));
}

function addPoint(point) {
  if (draft.tool === "floor") {
    drawing.floor.push({ px: [...point], m: [null, null] });
    chosen = drawing.floor.length - 1;
    changed();
    document.querySelector(`[aria-label="x of point ${drawing.floor.length} in metres"]`)?.focus({ preventScroll: true });
  } else {
    draft.points.push([...point]);
    show();
  }
}

function finish() {
  if (draft.points.length < (LEAST[draft.tool] ?? Infinity)) return;
  const { tool, points } = draft;
  const free = (word) => {
    const names = drawing[tool].map((each) => each.id);
    let number = names.length + 1;
    while (names.includes(`${word}-${number}`)) number += 1;
    return `${word}-${number}`;
  };
  const made = { points };
  if (tool === "tripwires") Object.assign(made, { id: free("tripwire"), kind: state.tripwire_kinds[0], was: null });
  if (tool === "zones") Object.assign(made, { id: free("zone"), kind: state.zone_kinds[0], was: null });
  if (tool === "masks") made.was = null;
  drawing[tool].push(made);
  draft = { tool, points: [] };
  changed();
}

function undo() {
  if (draft.points.length) draft.points.pop();
  else if (drawing[draft.tool].length) drawing[draft.tool].pop();
  changed();
}

function pickTool(tool) {
  draft = { tool, points: [] };
  show();
}

const grabbed = (tool, index, corner) => (tool === "floor" ? drawing.floor[index].px : index < 0 ? draft.points[corner] : drawing[tool][index].points[corner]);

function listen() {
  const stage = byId("stage");
  stage.addEventListener("pointermove", (event) => {
    view.moveTo(view.at(event));
    if (!dragged) return;
    dragged.splice(0, 2, ...view.cross);
    draw(drawing, draft, report, state.on_floor);
  });
  stage.addEventListener("pointerdown", (event) => {
    const { tool, index, corner } = event.target.dataset ?? {};
    event.preventDefault();
    stage.focus({ preventScroll: true });
    if (tool && event.target.tagName === "circle") {
      dragged = grabbed(tool, Number(index), Number(corner));
      if (tool === "floor") choose(Number(index));
    } else {
      addPoint(view.at(event));
    }
  });
  window.addEventListener("pointerup", () => {
    if (!dragged) return;
    dragged = null;
    changed();
  });
  stage.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const way = ways[event.key];
    if (way) view.moveTo([view.cross[0] + way[0], view.cross[1] + way[1]]);
    else if (event.key === "Enter") addPoint(view.cross);
    else if (event.key === "f") finish();
    else if (event.key === "z") undo();
    else return;
    event.preventDefault();
  });
  byId("plan").addEventListener("click", (event) => {
    const pair = drawing.floor[chosen];
    if (!pair) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(byId("plan").getScreenCTM().inverse());
    pair.m = [Math.round(at.x * 100) / 100, Math.round(at.y * 100) / 100];
    changed();
  });
  for (const button of document.querySelectorAll("button[data-tool]")) button.addEventListener("click", () => pickTool(button.dataset.tool));
  byId("finish").addEventListener("click", finish);
  byId("undo").addEventListener("click", undo);
  byId("show-grid").addEventListener("change", show);
  byId("show-errors").addEventListener("change", show);
  byId("again").addEventListener("click", another);
  byId("save").addEventListener("click", save);
  window.addEventListener("resize", () => { view.fit(state.picture_size); show(); });
}

async function another() {
  try {
    await ask("POST", "/still");
    view.refresh();
    say("");
  } catch (error) {
    say(error.message, "bad");
  }
}

async function save() {
  try {
    const done = await ask("POST", "/save", sent());
    open(done.state);
    say(`Saved into ${done.saved}. What was there before is in ${done.backup}. Masks, floor and lens come into force when the agent starts again.`, "good");
  } catch (error) {
    say(error.message, "bad");
  }
}

ask("GET", "/state").then((from) => { listen(); open(from); }).catch((error) => say(error.message, "bad"));
