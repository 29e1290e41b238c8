// The lists beside the picture: every point as numbers, so that everything can be done without a mouse.
"use strict";

/** Returns a new HTML element. */
function html(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function labelled(text, input) {
  input.setAttribute("aria-label", text);
  return input;
}

function numberInput(text, value, step, onChange) {
  const input = html("input", { type: "number", step, value: value ?? "" });
  input.addEventListener("change", () => onChange(input.value === "" ? null : Number(input.value)));
  return labelled(text, input);
}

function removal(text, onRemove) {
  const button = html("button", { type: "button", textContent: "Remove" });
  button.addEventListener("click", onRemove);
  return labelled(text, button);
}

function choice(text, values, value, onChange) {
  const select = html("select", {}, ...values.map((each) => html("option", { value: each, textContent: each })));
  select.value = value;
  select.addEventListener("change", () => onChange(select.value));
  return labelled(text, select);
}

/** Lists the floor's points with pixels, metres and misses. */
function listFloor(floor, report, chosen, changed) {
  let known = -1; // points without metres are not part of the report
  const rows = floor.map((pair, index) => {
    if (pair.m.every((value) => value !== null)) known += 1;
    const name = `point ${index + 1}`;
    const told = pair.m.includes(null) ? null : report?.floor?.points?.[known];
    const left = told?.left_out_cm == null ? "" : `, ${told.left_out_cm} cm without it`;
    const row = html("div", { className: `item ${index === chosen ? "chosen" : ""}` },
      html("div", { className: "row" },
        html("span", { className: "number", textContent: `${index + 1} pixels` }),
        numberInput(`x of ${name} in pixels`, pair.px[0], "0.5", (value) => { pair.px[0] = value ?? 0; changed(); }),
        numberInput(`y of ${name} in pixels`, pair.px[1], "0.5", (value) => { pair.px[1] = value ?? 0; changed(); }),
        removal(`Remove ${name}`, () => { floor.splice(index, 1); changed(); })),
      html("div", { className: "row" },
        html("span", { className: "number", textContent: "metres" }),
        numberInput(`x of ${name} in metres`, pair.m[0], "0.01", (value) => { pair.m[0] = value; changed(); }),
        numberInput(`y of ${name} in metres`, pair.m[1], "0.01", (value) => { pair.m[1] = value; changed(); }),
        html("span", { className: "soft", textContent: told ? `misses ${told.residual_cm} cm${left}` : "" })));
    row.addEventListener("focusin", () => choose(index));
    return row;
  });
  const hint = html("p", { className: "soft", textContent: "None. Click four or more points of the floor in the picture." });
  byId("floor-list").replaceChildren(...(rows.length ? rows : [hint]));
}

/** Lists tripwires, zones, masks or straight lines. */
function listShapes(tool, word, items, kinds, told, changed) {
  const rows = items.map((item, index) => {
    const name = `${word} ${item.id ?? index + 1}`;
    const head = html("div", { className: "row" });
    if (item.id !== undefined) {
      const id = html("input", { type: "text", value: item.id });
      id.addEventListener("change", () => { item.id = id.value.trim(); changed(); });
      head.append(labelled(`name of ${name}`, id),
        choice(`kind of ${name}`, kinds, item.kind, (value) => { item.kind = value; changed(); }));
    } else {
      head.append(html("span", { className: "number", textContent: name }));
    }
    head.append(removal(`Remove ${name}`, () => { items.splice(index, 1); changed(); }));
    if (tool === "tripwires") {
      const turn = html("button", { type: "button", textContent: "Turn round" });
      turn.addEventListener("click", () => { item.points.reverse(); changed(); });
      head.append(labelled(`Swap in and out of ${name}`, turn));
    }
    const points = html("details", {}, html("summary", { textContent: `${item.points.length} points` }));
    item.points.forEach((point, corner) => points.append(html("div", { className: "row" },
      ...[0, 1].map((axis) => numberInput(`${"xy"[axis]} of point ${corner + 1} of ${name}`, point[axis], "0.5",
        (value) => { point[axis] = value ?? 0; changed(); })))));
    return html("div", { className: "item" }, head, ...told(item), points);
  });
  const none = html("p", { className: "soft", textContent: "None." });
  byId(`${tool}-list`).replaceChildren(...(rows.length ? rows : [none]));
}

/** Says how good the floor is, what must be changed, and what is probably not meant. */
function listVerdict(report, isChanged) {
  const parts = [html("h2", { textContent: "Check" })];
  const floor = report?.floor;
  if (floor) {
    const error = floor.points.length > 4 ? `Points miss by ${floor.rms_cm} cm (root mean square), point ${floor.worst} most. ` : "Four points always fit; a fifth one tests them. ";
    parts.push(html("p", { className: floor.rms_cm > 10 ? "is-warn" : "is-good",
      textContent: `Floor: ${error}Positions are expected to be ${floor.error_cm} cm off.` }));
  }
  if (report?.lens) {
    const plus = report.lens.k1_error === null ? "" : ` ± ${report.lens.k1_error}`;
    parts.push(html("p", { textContent: `Lens: k1 ${report.lens.k1}${plus}; lines are ${report.lens.crooked_px} px crooked, ${report.lens.left_px} px with it taken out.` }));
  }
  const list = (texts, className) => html("ul", { className }, ...texts.map((text) => html("li", { textContent: text })));
  if (report?.errors.length) parts.push(list(report.errors, "is-bad"));
  if (report?.warnings.length) parts.push(list(report.warnings, "is-warn"));
  if (report && !report.errors.length) {
    parts.push(html("p", { className: "is-good", textContent: isChanged ? "It can be saved." : "As in the file." }));
  }
  byId("verdict").replaceChildren(...parts);
}
