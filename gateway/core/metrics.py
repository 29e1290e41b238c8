"""Figures in Prometheus's text format, version 0.0.4. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


class Metric(Struct, frozen=True):
    """One metric: its name, what it is, and a value for each set of labels; None where there is none."""

    name: str
    kind: Literal["gauge", "counter"]
    meaning: str
    values: Sequence[tuple[Labels, float | None]]


def single(name: str, kind: Literal["gauge", "counter"], meaning: str, value: float | None) -> Metric:
    """Return a metric without labels."""
    return Metric(name, kind, meaning, [({}, value)])


def metrics_text(metrics: Iterable[Metric]) -> str:
    """Return metrics as Prometheus reads them; those without any value are left out."""
    lines = []
    for metric in metrics:
        known = [(labels, value) for labels, value in metric.values if value is not None]
        if known:
            lines += [f"# HELP {metric.name} {_escaped(metric.meaning)}", f"# TYPE {metric.name} {metric.kind}"]
            lines += [f"{metric.name}{_labels(labels)} {float(value):.17g}" for labels, value in known]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_quoted(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
