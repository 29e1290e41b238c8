"""The metrics, each defined once."""

from collections.abc import Mapping

from cloud.analytics.camera_metrics import CAMERA_METRICS
from cloud.analytics.metric import Metric
from cloud.analytics.terminal_metrics import TERMINAL_METRICS

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in (*CAMERA_METRICS, *TERMINAL_METRICS)}
"""Every metric by name, in the order in which documents list them."""
