// Why a touch was linked to a visit, or was not: every visit that was compared for it.

import { read } from "../core/api.js";
import { empty, h, level, table } from "../core/dom.js";
import { duration, named, number, percent, short, t } from "../core/texts.js";
import { decisionBadge, reason } from "./links.js";

const ratios = (candidate) =>
  Object.entries(candidate.log_ratios).map(([name, value]) => h("span", { class: "ratio" }, `${named("evidence", name)} ${t(value >= 0 ? "explain.for" : "explain.against", { times: number(Math.exp(Math.abs(value)), 1) })}`));

function candidates(link) {
  if (!link.candidates.length) return empty(t("explain.no_candidate"), t("explain.no_candidate_hint"));
  const columns = [{ title: t("explain.visit") }, { title: t("explain.probability") }, { title: t("explain.away"), number: true }, { title: t("explain.stood"), number: true }, { title: t("explain.evidence") }];
  const rows = [...link.candidates]
    .sort((a, b) => (b.posterior ?? 0) - (a.posterior ?? 0))
    .map((one) => [
      h("span", null, h("code", null, short(one.visit_id)), one.visit_id === link.visit_id ? h("b", { class: "good" }, ` ${t("explain.chosen")}`) : null),
      one.posterior === null ? "–" : h("span", { class: "ranked" }, h("b", null, percent(one.posterior, 1)), level(one.posterior)),
      one.away_m === null ? "–" : t("explain.metres", { m: number(one.away_m, 1) }),
      duration(one.stood_s),
      h("div", { class: "ratios" }, ratios(one)),
    ]);
  return table(columns, rows, { label: t("explain.candidates") });
}

/** Unfolds into why; what was compared is read when somebody asks. */
export function whyDetails(link) {
  const body = h("div", { class: "explanation" });
  const show = async (event) => {
    if (!event.target.open || body.childElementCount) return;
    body.append(h("p", { class: "quiet" }, t("pulse.loading")));
    try {
      const detail = await read(`/v1/links/${link.link_id}`);
      body.replaceChildren(candidates(detail), h("p", { class: "quiet" }, t("explain.model", { model: detail.model_version })));
    } catch (error) {
      body.replaceChildren(h("p", { class: "bad" }, error.message));
    }
  };
  return h(
    "details",
    { class: "why-details", "data-key": `why-${link.link_id}`, ontoggle: show },
    h("summary", { "data-key": `why-summary-${link.link_id}` }, decisionBadge(link.decision), link.stage === "provisional" ? h("small", null, `${t("links.provisional")} `) : null, reason(link.reason)),
    body,
  );
}
