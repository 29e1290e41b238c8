"""The catalogue as a page: `shopthread cloud metrics` prints it, docs/metrics.md holds it."""

from cloud.analytics.catalogue import METRICS
from cloud.analytics.metric import Metric

_INTRODUCTION = """# Metrics

<!-- Made by `shopthread cloud metrics --out docs/metrics.md` from cloud/analytics; do not edit. -->

What each figure of `GET /v1/metrics/{name}` means. [Analytics](analytics.md) tells how to ask, and what all have in
common: null where nothing was observed, coverage, bands, time zones.

| name | title | in Chinese | is | unit | intervals | coverage |
|---|---|---|---|---|---|---|
"""
_KINDS = {
    "sum": "adds up over time and shops",
    "ratio": "is a quotient of two sums",
    "peak": "is the largest value",
    "members": "counts different members, and does not add up",
}


def metrics_page() -> str:
    """Return the page in Markdown."""
    rows = "".join(_row(metric) for metric in METRICS.values())
    return _INTRODUCTION + rows + "\n" + "\n".join(_section(metric) for metric in METRICS.values())


def _row(metric: Metric) -> str:
    unit = f"{metric.unit}, of one currency" if metric.has_currency else metric.unit
    cells = (
        f"[`{metric.name}`](#{metric.name})",
        metric.title_en,
        metric.title_zh,
        metric.formula,
        unit,
        ", ".join(metric.grains),
        "yes" if metric.from_cameras else "-",
    )
    return f"| {' | '.join(cells)} |\n"


def _section(metric: Metric) -> str:
    parts = " + ".join(f"`{name}`" for name in metric.numerator)
    if metric.denominator:
        parts = f"({parts}) / ({' + '.join(f'`{name}`' for name in metric.denominator)})"
    lines = [
        f"## {metric.name}\n",
        f"{metric.title_en}: {metric.formula}.\n",
        f"- It {_KINDS[metric.kind]}, from {parts}.",
        f"- It needs {'; '.join(metric.needs)}.",
    ]
    if metric.variance is not None:
        lines.append("- Uncertain links give it a band of 95 %, from `low` to `high`.")
    lines.append(f"- Rule version: {', '.join(metric.rule_versions)}.\n")
    return "\n".join(lines)
