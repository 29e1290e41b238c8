// Forward and back through a long list.

import { h } from "../core/dom.js";
import { t } from "../core/texts.js";

/** @param move Called with the offset of the page to show. */
export function pager({ offset, shown, total, size }, move) {
  if (total <= size) return h("p", { hidden: true });
  const button = (name, to) => h("button", { type: "button", "data-key": `pager-${name}`, disabled: to === null, onclick: () => move(to) }, t(`pager.${name}`));
  return h(
    "nav",
    { class: "pager", "aria-label": t("pager.name") },
    button("back", offset > 0 ? Math.max(0, offset - size) : null),
    h("span", { class: "quiet" }, t("pager.shown", { from: offset + 1, to: offset + shown, count: total })),
    button("on", offset + shown < total ? offset + size : null),
  );
}
