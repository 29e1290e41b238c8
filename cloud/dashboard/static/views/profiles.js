// The members that are known, the last seen first.

import { setParams, param, viewAddress } from "../core/address.js";
import { ApiError, read, send } from "../core/api.js";
import { draw, empty, h } from "../core/dom.js";
import { ago, longDate, money, number, short, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { tableCard } from "../charts/figure.js";
import { duplicatesCard } from "../parts/duplicates.js";
import { identifierText } from "../parts/identity.js";
import { pager } from "../parts/pager.js";
import { badge } from "../parts/tiles.js";

const PAGE = 50;

const bought = (profile) => profile.sales.map((total) => money(total.total_minor, total.currency)).join(", ") || "–";

function list({ items, total, offset }, refresh) {
  if (!total) return empty(t("profiles.none"), t("profiles.none_hint"));
  const columns = ["profile", "identifiers", "last_seen", "touches", "visits", "bought", "consent"].map((name) => ({ title: t(`profiles.${name}`), number: ["touches", "visits", "bought"].includes(name) }));
  const rows = items.map((one) => [
    h("a", { href: viewAddress("profile", { id: one.one_id }), "data-key": one.one_id }, short(one.one_id)),
    h("small", null, one.identifiers.map(identifierText).join(", ") || "–"),
    one.last_seen_at ? h("time", { datetime: one.last_seen_at, title: longDate(one.last_seen_at) }, ago(one.last_seen_at)) : t("profiles.never_seen"),
    number(one.touches),
    number(one.linked_visits),
    bought(one),
    one.consent_to_visit_linking ? badge("good", t("profiles.given")) : badge("", t("profiles.not_given")),
  ]);
  const heads = ["one_id", "first_seen_at", "last_seen_at", "touches", "linked_visits", "consent_to_visit_linking"];
  const raw = items.map((one) => heads.map((name) => one[name]));
  const move = (to) => {
    setParams({ offset: to ? String(to) : null });
    refresh();
  };
  const card = tableCard({ id: "profiles", title: t("profiles.title", { count: total }), note: t("profiles.note"), columns, rows, heads, raw, file: "shopthread-profiles" });
  card.append(pager({ offset, shown: items.length, total, size: PAGE }, move));
  return card;
}

/** A One ID, or an earlier one, leads to its profile. */
function finder() {
  const fault = h("span", { class: "bad", role: "alert" });
  const find = async (event) => {
    event.preventDefault();
    const id = event.target.elements.id.value.trim();
    try {
      location.assign(viewAddress("profile", { id: (await read(`/v1/profiles/${encodeURIComponent(id)}`, { limit: 1 })).one_id }));
    } catch (error) {
      fault.textContent = error instanceof ApiError ? error.message : t("fault.no_answer");
    }
  };
  return h("form", { class: "finder", onsubmit: find }, h("label", null, t("profiles.find"), h("input", { name: "id", required: true, spellcheck: "false", autocomplete: "off" })), h("button", { type: "submit" }, t("profiles.open")), fault);
}

async function load({ refresh }) {
  const offset = Number(param("offset") ?? 0) || 0;
  const [{ items, total }, duplicates] = await Promise.all([read("/v1/profiles", { offset, limit: PAGE }), read("/v1/duplicates", { limit: PAGE })]);
  const decide = (what) => (one, by, reason) => send("POST", `/v1/duplicates/${one.id}/${what}`, { by, reason }).then(refresh).catch(told);
  draw(panel("finder"), "finder", finder);
  const cards = panel("cards");
  cards.classList.add("stack");
  draw(panel("list", cards), [items, total, offset], () => list({ items, total, offset }, refresh));
  if (total) draw(panel("twice", cards), duplicates, () => duplicatesCard(duplicates, { accept: decide("accept"), decline: decide("decline") }));
}

/** Say what the cloud did not do; the next reading takes it away again. */
function told(error) {
  document.getElementById("fault").textContent = error.message;
  document.getElementById("fault").hidden = false;
}

startView(load);
