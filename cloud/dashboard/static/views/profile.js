// One member: what is known, what happened, and why each visit was linked.

import { param } from "../core/address.js";
import { ApiError, read } from "../core/api.js";
import { card, draw, empty, h, level, table } from "../core/dom.js";
import { ago, duration, longDate, money, named, number, percent, short, t } from "../core/texts.js";
import { panel, startView } from "../core/view.js";
import { identifierText, identityPanel } from "../parts/identity.js";
import { badge, tile } from "../parts/tiles.js";
import { timeline } from "../parts/timeline.js";

const SHOWN = 100;

function tiles(profile) {
  const worth = profile.sales.map((total) => money(total.total_minor, total.currency)).join(" + ");
  const purchases = profile.sales.reduce((sum, total) => sum + total.sales, 0);
  const stage = profile.lifecycle?.stage;
  return [
    tile({ name: t("profile.bought"), value: worth || "–", note: purchases ? t("profile.purchases", { count: purchases }) : t("profile.nothing_bought"), tone: "leading" }),
    tile({ name: t("profile.visits"), value: number(profile.linked_visits), note: profile.expected_visits === undefined ? t("profile.visits_note") : t("profile.expected", { count: number(profile.expected_visits, 1) }) }),
    tile({ name: t("profile.touches"), value: number(profile.touches), note: t("profile.touches_note") }),
    tile({ name: t("profile.last_seen"), value: profile.last_seen_at ? ago(profile.last_seen_at) : "–", note: profile.first_seen_at ? t("profile.since", { date: longDate(profile.first_seen_at) }) : t("profiles.never_seen") }),
    stage ? tile({ name: t("profile.lifecycle"), value: named("lifecycle", stage), note: t("profile.lifecycle_note", { count: profile.lifecycle.purchases }) }) : null,
  ];
}

function facts(profile) {
  const consent = profile.consent_to_visit_linking;
  const rows = [
    [t("profile.one_id"), h("code", null, profile.one_id)],
    [t("profile.known_by"), profile.identifiers.map(identifierText).join(", ") || "–"],
    [t("profile.consent"), badge(consent ? "good" : "", t(consent ? "profiles.given" : "profile.consent_missing"))],
    ...(profile.consents ?? []).map((one) => [named("purpose", one.purpose), t(one.in_force ? "profile.in_force" : "profile.not_in_force", { date: longDate(one.since) })]),
    ...(profile.attributes ?? []).map((one) => [one.name.replaceAll("_", " "), `${one.value} (${one.source}, ${longDate(one.at)})`]),
    ...(profile.stores ?? []).map((one) => [one.store, t("profile.at_store", { visits: number(one.expected_visits, 1), purchases: one.purchases, scans: one.scans })]),
  ];
  return h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

function rfm(profile) {
  const { rfm: found } = profile;
  if (!found) return empty(t("rfm.none"), t("rfm.none_hint"));
  const parts = [
    ["recency", t("rfm.days", { count: found.recency_days }), found.recency_score],
    ["frequency", t("profile.purchases", { count: found.frequency }), found.frequency_score],
    ["monetary", money(found.monetary_minor, found.currency), found.monetary_score],
  ];
  const columns = [{ title: t("rfm.part") }, { title: t("rfm.value") }, { title: t("rfm.score") }];
  return table(columns, parts.map(([name, value, score]) => [t(`rfm.${name}`), value, score === null ? "–" : h("span", { class: "ranked" }, h("b", null, `${score}/5`), level(score / 5))]), { label: t("rfm.title") });
}

function preferences({ categories, zones }) {
  const lists = [[t("profile.categories"), categories, (one) => one.name], [t("profile.zones"), zones, (one) => `${one.name} · ${duration(one.weight)}`]];
  const shown = lists.filter(([, items]) => items.length);
  if (!shown.length) return empty(t("profile.no_preference"), t("profile.no_preference_hint"));
  return shown.map(([title, items, text]) => [h("h3", null, title), h("ul", { class: "zones" }, items.map((one) => h("li", null, h("span", null, text(one)), level(one.share), h("strong", null, percent(one.share)))))]);
}

async function load({ stores }) {
  const id = param("id");
  if (!id) {
    draw(panel("profile"), "none", () => empty(t("profile.none"), t("profile.none_hint")));
    return null;
  }
  let profile;
  try {
    profile = await read(`/v1/profiles/${encodeURIComponent(id)}`, { limit: SHOWN });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    draw(panel("profile"), "missing", () => empty(t("profile.unknown"), error.message));
    return null;
  }
  const byName = new Map(stores.map((store) => [store.store, store]));
  const zoneOf = (store) => byName.get(store)?.time_zone ?? "UTC";
  const nameOf = (store) => byName.get(store)?.name ?? store;
  document.title = `${short(profile.one_id)} · ${t("nav.profile")} · Shopthread`;
  draw(panel("profile"), profile, () => [
    h("div", { class: "figures", role: "group", "aria-label": t("shop.figures") }, tiles(profile)),
    h(
      "div",
      { class: "grid" },
      h("div", { class: "column" }, card({ id: "timeline", title: t("timeline.title"), note: t("timeline.note") }, profile.timeline.length ? timeline(profile.timeline, zoneOf, nameOf) : empty(t("timeline.none"), t("timeline.none_hint")))),
      h(
        "div",
        { class: "column" },
        card({ id: "facts", title: t("profile.facts") }, facts(profile)),
        profile.lifecycle ? card({ id: "rfm", title: t("rfm.title") }, rfm(profile)) : null,
        profile.preferences ? card({ id: "preferences", title: t("profile.preferences") }, preferences(profile.preferences)) : null,
        card({ id: "identity", title: t("identity.title") }, identityPanel(profile.identity)),
      ),
    ),
  ]);
  return null;
}

startView(load);
