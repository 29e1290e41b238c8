// Key figures.

import { h } from "../core/dom.js";

/** @param tile {name, value, note, tone}: `value` is text, `note` text or a node. */
export const tile = ({ name, value, note, tone }) =>
  h("div", { class: `figure ${tone ?? ""}` }, h("span", { class: "name" }, name), h("strong", null, value), h("span", { class: "note" }, note));

export const badge = (kind, text) => h("span", { class: `badge ${kind}` }, text);
