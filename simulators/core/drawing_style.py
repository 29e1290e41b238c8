"""Colours of the floor plans, for light and dark pages."""

ZONE_WORDS = {
    "entrance": "entrance",
    "shelf": "before a shelf",
    "fitting_room": "fitting room",
    "queue": "queue",
    "checkout": "checkout",
    "staff": "staff only",
    "floor": "at a scan terminal",
}

_LIGHT = {
    "paper": "#ffffff",
    "floor": "#f8fafc",
    "ink": "#0f172a",
    "quiet": "#64748b",
    "wall": "#334155",
    "low": "#94a3b8",
    "shelf": "#a8a29e",
    "shelf-ink": "#292524",
    "view": "#0284c7",
    "camera": "#0369a1",
    "wire": "#dc2626",
    "till": "#7c3aed",
    "kiosk": "#db2777",
    "zone-entrance": "#bfdbfe",
    "zone-shelf": "#e7f0d8",
    "zone-fitting_room": "#fbcfe8",
    "zone-queue": "#fde68a",
    "zone-checkout": "#fdba74",
    "zone-staff": "#e2e8f0",
    "zone-floor": "#ddd6fe",
}
_DARK = {
    "paper": "#0b1120",
    "floor": "#131c2f",
    "ink": "#e2e8f0",
    "quiet": "#94a3b8",
    "wall": "#cbd5e1",
    "low": "#64748b",
    "shelf": "#57534e",
    "shelf-ink": "#f5f5f4",
    "view": "#38bdf8",
    "camera": "#7dd3fc",
    "wire": "#f87171",
    "till": "#a78bfa",
    "kiosk": "#f472b6",
    "zone-entrance": "#1e3a5f",
    "zone-shelf": "#1f3325",
    "zone-fitting_room": "#5b2245",
    "zone-queue": "#55430e",
    "zone-checkout": "#6b3410",
    "zone-staff": "#26324a",
    "zone-floor": "#392f6b",
}


def _variables(colours: dict[str, str]) -> str:
    return "svg{" + "".join(f"--{name}:{colour};" for name, colour in colours.items()) + "}"


STYLE = (
    _variables(_LIGHT)
    + "@media (prefers-color-scheme: dark){"
    + _variables(_DARK)
    + "}"
    + "".join(f".zone-{kind}{{fill:var(--zone-{kind})}}" for kind in ZONE_WORDS)
    + """
.paper{fill:var(--paper)}
.inside{fill:var(--floor)}
.pavement{stroke:var(--quiet);stroke-opacity:.14}
.wall{fill:var(--wall)}
.low{fill:var(--low)}
.shelf{fill:var(--shelf)}
.view{fill:var(--view);fill-opacity:.035;stroke:var(--view);stroke-opacity:.55;stroke-width:1;stroke-dasharray:5 4}
.camera:hover .view{fill-opacity:.22;stroke-opacity:1}
.lens{fill:var(--view);fill-opacity:.28}
.body{fill:var(--camera);stroke:var(--paper);stroke-width:1.5}
.wire{stroke:var(--wire);stroke-width:3.5;stroke-linecap:round}
.way{fill:var(--wire);stroke:var(--wire);stroke-width:2}
.walk{fill:var(--quiet);stroke:var(--quiet);stroke-width:1.5}
.till{fill:var(--till);stroke:var(--paper);stroke-width:1.5}
.kiosk{fill:var(--kiosk);stroke:var(--paper);stroke-width:1.5}
.spot{fill:none;stroke:var(--ink);stroke-opacity:.45;stroke-width:1}
.cabin{fill:var(--paper);stroke:var(--kiosk);stroke-width:1.5}
.staff{fill:var(--quiet);stroke:var(--paper);stroke-width:1}
.scale{stroke:var(--ink);stroke-width:2;fill:none}
text{font-family:system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;fill:var(--ink);text-anchor:middle;
dominant-baseline:central;font-size:10.5px;pointer-events:none}
.title{font-size:21px;font-weight:600;text-anchor:start}
.note{font-size:12.5px;fill:var(--quiet);text-anchor:start}
.key{font-size:12px;text-anchor:start}
.quiet{fill:var(--quiet)}
.door{font-weight:600;font-size:12px}
.device{font-size:9.5px;font-weight:600;paint-order:stroke;stroke:var(--floor);stroke-width:2.5px;stroke-linejoin:round}
"""
)
