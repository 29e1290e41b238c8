// Which visit made which touch, and why.

import { viewAddress } from "../core/address.js";
import { empty, h, table } from "../core/dom.js";
import { moment, named, number, short, t } from "../core/texts.js";
import { badge } from "./tiles.js";

export const DECISIONS = ["linked", "party", "ambiguous", "null", "vetoed"];

export const decisionBadge = (decision) => badge(decision, named("decision", decision));

// What the cloud writes in English, with its number in brackets, and the text that says it in the page's language.
const REASONS = [
  [/^this visit made the touch with probability ([\d.]+)$/, "why.linked"],
  [/^somebody of this visit's party made the touch with probability ([\d.]+)$/, "why.party"],
  [/^nobody whom cameras followed fits: probability ([\d.]+)$/, "why.nobody"],
  [/^(\d+) visits could have made the touch, the best with probability ([\d.]+)$/, "why.several"],
  [/^no visit stood at the terminal at that time$/, "why.none"],
  [/^no consent to visit linking is in force for this member$/, "why.no_consent"],
];

/** Return why something was decided; a reason that is not known here stays in English. */
export function reason(text) {
  for (const [pattern, key] of REASONS) {
    const found = text.match(pattern);
    if (found) return h("span", null, t(key, { p: found.at(-1), visits: found[1] ?? "" }));
  }
  return h("span", { lang: "en" }, text);
}

const strip = (counts) =>
  h(
    "div",
    { class: "strip", role: "img", "aria-label": DECISIONS.map((kind) => `${named("decision", kind)}: ${number(counts[kind])}`).join(", ") },
    DECISIONS.filter((kind) => counts[kind]).map((kind) => {
      const part = h("i", { class: kind });
      part.style.flexGrow = String(counts[kind]);
      return part;
    }),
  );

/** @param actions {show(kind)}: what the choice of a decision does. */
export function linksPanel({ links, shown, zone }, actions) {
  const counts = links.counts;
  const total = DECISIONS.reduce((sum, kind) => sum + counts[kind], 0);
  const skipped = Object.entries(links.not_eligible).map(([why, count]) => `${number(count)} ${named("ineligible", why)}`);
  const tail = skipped.length ? h("p", { class: "quiet" }, t("links.not_eligible", { list: skipped.join(", ") })) : null;
  if (!total) return [empty(t("links.none"), t("links.none_hint")), tail];
  const chips = h(
    "div",
    { class: "chips", role: "group", "aria-label": t("links.show") },
    ["all", ...DECISIONS].map((kind) =>
      h(
        "button",
        { type: "button", "data-key": `chip-${kind}`, "aria-pressed": String(shown === kind), title: kind === "all" ? null : t(`decision.${kind}_about`), onclick: () => actions.show(kind) },
        `${kind === "all" ? t("links.all") : named("decision", kind)} ${number(kind === "all" ? total : counts[kind])}`,
      ),
    ),
  );
  return [strip(counts), chips, links.items.length ? rows(links.items, zone) : empty(t("links.none_of_these"), t("links.none_of_these_hint")), tail];
}

function rows(items, zone) {
  const columns = [{ title: t("links.time") }, { title: t("links.touch") }, { title: t("links.decision") }, { title: t("links.why"), kind: "why" }, { title: t("links.member") }];
  return table(
    columns,
    items.map((link) => [
      h("time", { datetime: link.touch.at }, link.touch.at ? moment(link.touch.at, zone) : "–"),
      [named("touch", link.touch.kind), h("small", null, ` ${link.touch.zone_id ?? ""}`)],
      [decisionBadge(link.decision), link.stage === "provisional" ? h("small", { title: t("links.provisional_about") }, t("links.provisional")) : null],
      reason(link.reason),
      h("a", { href: viewAddress("profile", { id: link.one_id }), "data-key": `profile-${link.id}` }, short(link.one_id)),
    ]),
    { label: t("links.title"), named: false },
  );
}
