// Who is told of alerts.

import { card, empty, h, table } from "../core/dom.js";
import { named, t } from "../core/texts.js";
import { field, mayHandle, sending } from "./alerts.js";
import { badge } from "./tiles.js";

const option = (value, text) => h("option", { value }, text);

function form(add) {
  const kind = h("select", { name: "kind" }, ["email", "webhook"].map((one) => option(one, t(`channel.${one}`))));
  const language = h("select", { name: "language" }, option("en", "English"), option("zh", "中文"));
  const body = (made) => Object.fromEntries(new FormData(made));
  return h(
    "form",
    { class: "fields", id: "channel-form", onsubmit: sending((made) => add(body(made))) },
    field(t("channel.kind"), kind),
    field(t("rule.name"), h("input", { name: "name", required: true, maxlength: 128 })),
    field(t("channel.target"), h("input", { name: "target", required: true, maxlength: 2048, spellcheck: "false" })),
    field(t("channel.language"), language),
    h("p", { class: "actions" }, h("button", { type: "submit" }, t("channel.add")), h("span", { class: "bad", role: "alert" })),
  );
}

/** @param actions {add(body), remove(channel)}. `secret`: of the webhook that was just made. */
export function channelsCard({ channels, secret }, actions) {
  const columns = ["name", "kind", "target", "state"].map((name) => ({ title: t(`channel.${name}`) }));
  const rows = channels.map((one) => [
    one.name,
    named("channel", one.kind),
    h("code", null, one.target),
    [one.disabled_at ? badge("bad", t("channel.gone")) : badge("good", t("channel.told")), mayHandle ? h("button", { type: "button", class: "plain", "data-key": `remove-${one.id}`, "aria-label": t("channel.remove", { name: one.name }), onclick: () => actions.remove(one) }, t("rule.remove")) : null],
  ]);
  return card(
    { id: "channels", title: t("channel.title"), note: t("channel.note") },
    rows.length ? table(columns, rows, { label: t("channel.title") }) : empty(t("channel.none"), t("channel.none_hint")),
    secret ? h("p", { class: "notice warn", role: "status" }, t("channel.secret"), " ", h("code", null, secret)) : null,
    mayHandle ? h("details", { class: "why-details", "data-key": "channel-new" }, h("summary", { "data-key": "channel-summary" }, t("channel.new")), form(actions.add)) : null,
  );
}
