// Plays a recording frame by frame and keeps what a person saw. Every change is saved before the next one.
"use strict";

const SHOWN_PER_S = 30;      // faster than that no one sees a difference, so frames are passed over
const AHEAD = 24;            // frames fetched before they are needed
const KEPT = 160;
const SAVE_LOOKED_MS = 3000;

const at = (id) => document.getElementById(id);
const canvas = at("picture");
const paper = canvas.getContext("2d");

let session, labels;
let frame = 0, line = 0, speed = 1, playing = false;
let playedFromFrame = 0, playedFromTime = 0;
let saving = Promise.resolve(), savedLooked = 0, savedAt = 0;
const pictures = new Map();  // frame -> promise of an ImageBitmap
const undoable = [];

const last = () => session.times_ms.length - 1;
const clamp = (index) => Math.max(0, Math.min(last(), index));
const seconds = (index) => (session.times_ms[index] - session.times_ms[0]) / 1000;

function clockText(index) {
  const s = seconds(index);
  return `${String(Math.floor(s / 60)).padStart(2, "0")}:${(s % 60).toFixed(2).padStart(5, "0")}`;
}

function picture(index) {
  if (!pictures.has(index)) {
    const coming = ask("GET", `/frame?i=${index}`).then(createImageBitmap);
    coming.catch(() => pictures.delete(index));
    pictures.set(index, coming);
    if (pictures.size > KEPT) {
      const oldest = pictures.keys().next().value;
      pictures.get(oldest).then((image) => image.close(), () => {});
      pictures.delete(oldest);
    }
  }
  return pictures.get(index);
}

const stride = () => Math.max(1, Math.round((speed * 1000) / session.frame_ms / SHOWN_PER_S));

function fetchAhead() {
  for (let n = 1; n <= AHEAD; n++) {
    const next = frame + n * stride();
    if (next <= last()) picture(next).catch(() => {});
  }
}

async function show(index) {
  const wanted = clamp(index);
  frame = wanted;
  try {
    const image = await picture(wanted);
    if (frame !== wanted) return;
    paper.drawImage(image, 0, 0, canvas.width, canvas.height);
    drawLines();
  } catch (error) {
    pause();
    say(error.message, "bad");
    return;
  }
  noteLooked();
  tell();
}

function drawLines() {
  const size = Math.max(canvas.width, canvas.height) / 640;
  session.lines.forEach((each, index) => {
    if (!each.points.length) return;
    const chosen = index === line;
    for (const [width, colour] of [[7, "#000a"], [3.5, chosen ? "#ffd21f" : "#ffffff"]]) {
      paper.lineWidth = width * size;
      paper.strokeStyle = colour;
      paper.beginPath();
      each.points.forEach(([x, y], n) => (n ? paper.lineTo(x, y) : paper.moveTo(x, y)));
      drawArrow(each.points, 34 * size);
      paper.stroke();
    }
    const [x, y] = each.points[0];
    paper.font = `600 ${15 * size}px system-ui, sans-serif`;
    paper.lineWidth = 4 * size;
    paper.strokeStyle = "#000c";
    paper.fillStyle = chosen ? "#ffd21f" : "#ffffff";
    const text = `${index + 1} ${each.id}`;
    const left = Math.min(Math.max(4, x + 6 * size), canvas.width - paper.measureText(text).width - 4);
    paper.strokeText(text, left, Math.max(18 * size, y - 8 * size));
    paper.fillText(text, left, Math.max(18 * size, y - 8 * size));
  });
}

/** Adds an arrow to the path, from the middle of a line to the right of its direction: the way in. */
function drawArrow(points, long) {
  const middle = Math.floor((points.length - 1) / 2);
  const [[x1, y1], [x2, y2]] = [points[middle], points[middle + 1]];
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [nx, ny] = [-(y2 - y1) / length, (x2 - x1) / length];
  const [mx, my] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const [tx, ty] = [mx + nx * long, my + ny * long];
  const wing = long / 3;
  paper.moveTo(mx, my);
  paper.lineTo(tx, ty);
  paper.moveTo(tx - nx * wing - ny * wing, ty - ny * wing + nx * wing);
  paper.lineTo(tx, ty);
  paper.lineTo(tx - nx * wing + ny * wing, ty - ny * wing - nx * wing);
}

/** What was passed at most a second at a time was looked at; who jumps over a part has not looked at it. */
function noteLooked() {
  const looked = labels.looked_until_frame;
  if (looked === null || frame <= looked) return;
  if (seconds(frame) - seconds(looked) > 1.05) return;
  labels.looked_until_frame = frame;
  if (frame === last()) say("You have seen the whole recording. Everything is saved; you may close this page.", "good");
  if (performance.now() - savedAt > SAVE_LOOKED_MS) save();
}

function play() {
  if (frame === last()) return;
  playing = true;
  playedFromFrame = frame;
  playedFromTime = performance.now();
  tell();
  requestAnimationFrame(tick);
}

function pause() {
  if (!playing) return;
  playing = false;
  if (labels.looked_until_frame !== savedLooked) save();
  tell();
}

async function tick() {
  if (!playing) return;
  const goneMs = (performance.now() - playedFromTime) * speed;
  const wanted = clamp(playedFromFrame + Math.floor(goneMs / session.frame_ms));
  if (wanted > frame) {
    const next = Math.min(wanted, frame + stride());
    fetchAhead();
    await show(next);
    if (wanted - next > stride()) {  // the pictures do not come as fast: play slower, pass over nothing
      playedFromFrame = frame;
      playedFromTime = performance.now();
    }
  }
  if (frame >= last()) pause();
  else requestAnimationFrame(tick);
}

function go(index) {
  playedFromFrame = clamp(index);
  playedFromTime = performance.now();
  return show(index);
}

function step(frames) {
  pause();
  return go(frame + frames);
}

function jump(forSeconds) {
  return go(frame + Math.round((forSeconds * 1000) / session.frame_ms));
}

function setSpeed(value) {
  speed = value;
  at("speed").value = String(value);
  playedFromFrame = frame;
  playedFromTime = performance.now();
}

function faster(by) {
  const speeds = [0.25, 0.5, 1, 2, 4];
  setSpeed(speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(speed) + by))]);
}

function flash(text) {
  const place = at("flash");
  place.textContent = text;
  place.classList.add("on");
  setTimeout(() => place.classList.remove("on"), 350);
}

function add(direction) {
  const crossing = { frame, tripwire_id: session.lines[line].id, direction };
  labels.crossings.push(crossing);
  undoable.push(() => remove(crossing));
  flash(`${crossing.tripwire_id} ${direction}`);
  changed(`${crossing.tripwire_id} ${direction} at ${clockText(frame)}`);
}

function remove(crossing) {
  labels.crossings = labels.crossings.filter((other) => other !== crossing);
}

function undo() {
  const taken = undoable.pop();
  if (taken) taken();
  else if (labels.crossings.length) remove(labels.crossings.reduce((a, b) => (a.frame > b.frame ? a : b)));
  else return say("There is nothing to undo.");
  flash("undone");
  changed("The last label is taken back");
}

function peopleNow() {
  const before = labels.density.filter((mark) => mark.frame <= frame);
  return before.length ? before.reduce((a, b) => (a.frame > b.frame ? a : b)).people : null;
}

function mark(by) {
  const before = labels.density;
  const people = Math.max(0, (peopleNow() ?? 0) + by);
  labels.density = [...before.filter((other) => other.frame !== frame), { frame, people }];
  undoable.push(() => { labels.density = before; });
  flash(`${people} in view`);
  changed(`${people} people in view from ${clockText(frame)} on`);
}

function changed(text) {
  save().then((saved) => { if (saved) say(`${text}: saved.`, "good"); });
  list();
  tell();
}

/** Saves everything, one save after the other. Tells whether it worked. */
function save() {
  savedAt = performance.now();
  savedLooked = labels.looked_until_frame;
  saving = saving.then(() => ask("POST", "/labels", labels)).then(() => true, (error) => {
    pause();
    say(`Not saved: ${error.message}`, "bad");
    return false;
  });
  return saving;
}

function tell() {
  at("time").textContent = `${clockText(frame)} of ${clockText(last())}, frame ${frame}`;
  at("place").value = String(frame);
  at("place").setAttribute("aria-valuetext", clockText(frame));
  at("play").textContent = playing ? "Pause" : "Play";
  const looked = labels.looked_until_frame ?? last();
  at("looked").style.width = `${(100 * looked) / Math.max(1, last())}%`;
  at("resume").disabled = looked >= last() || frame === looked;
  const people = peopleNow();
  at("people").textContent = people === null ? "not marked" : `${people} in view`;
}

function list() {
  const rows = [...labels.crossings].sort((a, b) => a.frame - b.frame).map((crossing) => {
    const row = document.createElement("tr");
    const when = document.createElement("button");
    when.textContent = clockText(crossing.frame);
    when.title = "Go there";
    when.addEventListener("click", () => { pause(); go(crossing.frame); });
    const away = document.createElement("button");
    away.textContent = "Delete";
    away.setAttribute("aria-label", `Delete ${crossing.tripwire_id} ${crossing.direction} at ${clockText(crossing.frame)}`);
    away.addEventListener("click", () => { remove(crossing); changed("Deleted"); });
    for (const content of [when, crossing.tripwire_id, crossing.direction, away]) {
      const cell = document.createElement("td");
      cell.append(content);
      row.append(cell);
    }
    return row;
  });
  at("crossings").replaceChildren(...rows);
  at("count").textContent = String(rows.length);
  at("empty").hidden = rows.length > 0;
  at("marks").replaceChildren(...labels.crossings.map((crossing) => {
    const tick = document.createElement("i");
    tick.className = crossing.direction;
    tick.style.left = `${(100 * crossing.frame) / Math.max(1, last())}%`;
    return tick;
  }));
}

function chooseLine(index) {
  if (index >= session.lines.length) return;
  line = index;
  [...at("lines").children].forEach((button, n) => button.setAttribute("aria-pressed", String(n === index)));
  show(frame);
}

const KEYS = {
  " ": () => (playing ? pause() : play()),
  "i": () => add("in"),
  "o": () => add("out"),
  "u": undo,
  ",": () => step(-1),
  ".": () => step(1),
  "ArrowLeft": (event) => jump(event.shiftKey ? -10 : -1),
  "ArrowRight": (event) => jump(event.shiftKey ? 10 : 1),
  "[": () => faster(-1),
  "]": () => faster(1),
  "+": () => mark(1),
  "-": () => mark(-1),
  "b": () => { pause(); go(labels.looked_until_frame ?? 0); },
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isField = event.target.matches("select, input");
  const isButton = event.target.matches("button, summary");
  if (isField && event.key.startsWith("Arrow")) return;
  if ((isButton || isField) && event.key === " ") return;
  if (/^[1-9]$/.test(event.key)) chooseLine(Number(event.key) - 1);
  else if (KEYS[event.key]) KEYS[event.key](event);
  else return;
  event.preventDefault();
}

function connect() {
  const onClick = {
    "play": KEYS[" "], "back-frame": KEYS[","], "next-frame": KEYS["."], "in": KEYS["i"], "out": KEYS["o"],
    "undo": undo, "fewer": KEYS["-"], "more": KEYS["+"], "resume": KEYS["b"],
  };
  for (const [id, act] of Object.entries(onClick)) at(id).addEventListener("click", act);
  at("speed").addEventListener("change", () => setSpeed(Number(at("speed").value)));
  at("place").addEventListener("input", () => { pause(); go(Number(at("place").value)); });
  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", () => { if (document.hidden) pause(); });
}

async function begin() {
  try {
    session = await ask("GET", "/session");
  } catch (error) {
    say(error.message, "bad");
    return;
  }
  labels = session.labels;
  [canvas.width, canvas.height] = session.frame_wh_px;
  at("name").textContent = session.name;
  at("about").textContent = `${session.device}, ${clockText(last())} long. ${session.reason}. Labels of ${labels.labeller}.`;
  at("place").max = String(last());
  session.lines.forEach((each, index) => {
    const button = document.createElement("button");
    button.textContent = `${index + 1} ${each.id}`;
    button.addEventListener("click", () => chooseLine(index));
    at("lines").append(button);
  });
  if (!session.lines.some((each) => each.points.length)) {
    say("The lines are drawn on the floor, so they are not shown in the picture. Know where they are before you label.");
  }
  connect();
  list();
  chooseLine(0);
  await go(labels.looked_until_frame ?? 0);
}

begin();
