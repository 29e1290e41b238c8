// How the devices of a store are.

import { h } from "../core/dom.js";
import { ago, number, t } from "../core/texts.js";

const REPORTING_S = 120;
const QUIET_S = 900;
const PICTURE_FAULTS = ["black", "bright", "frozen", "silent"];

/** How a device is, by how long ago it was last heard: {tone, word}. A terminal without customers is quiet, not broken. */
export function hearing(device) {
  const age = (Date.now() - Date.parse(device.last_seen_at)) / 1000;
  if (age < REPORTING_S) return { tone: "good", word: t("device.reporting") };
  return age < QUIET_S ? { tone: "quiet", word: t("device.quiet") } : { tone: "bad", word: t("device.silent") };
}

/** What is wrong with a device, in words; empty where nothing is. */
export function faultsOf(device) {
  const health = device.health ?? {};
  const faults = [];
  if (hearing(device).tone === "bad") faults.push(t("device.silent_since", { ago: ago(device.last_seen_at) }));
  if (PICTURE_FAULTS.includes(health.picture)) faults.push(t(`device.picture_${health.picture}`));
  if (health.clock_offset_ms && Math.abs(health.clock_offset_ms) > 2000) faults.push(t("device.clock", { s: number(health.clock_offset_ms / 1000, 1) }));
  if (health.queue_depth > 1000) faults.push(t("device.queue", { count: health.queue_depth }));
  return faults;
}

export function deviceList(devices) {
  return h(
    "ul",
    { class: "devices", "aria-label": t("device.all") },
    devices.map((device) => {
      const { tone, word } = hearing(device);
      const fps = device.health?.fps === null || device.health?.fps === undefined ? null : t("device.fps", { fps: number(device.health.fps, 1) });
      const faults = faultsOf(device).filter((each) => !each.startsWith(word));
      return h(
        "li",
        null,
        h("i", { class: `dot ${tone}` }),
        h("span", null, device.device, faults.length ? h("small", { class: "warn" }, ` ${faults.join(", ")}`) : null),
        h("small", null, [word, ago(device.last_seen_at), fps].filter(Boolean).join(", ")),
      );
    }),
  );
}
