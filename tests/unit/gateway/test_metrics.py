"""Figures come out as Prometheus reads them."""

from gateway.core.metrics import Metric, metrics_text, single


def test_figures_are_written_as_prometheus_reads_them():
    text = metrics_text(
        [
            single("shopthread_waiting", "gauge", "Events that\nwait", 3),
            single("shopthread_unknown", "gauge", "Nothing", None),
            Metric("shopthread_total", "counter", "All", [({"device": 'a"b\\c\n', "outcome": "x"}, 1.5), ({}, None)]),
        ]
    )
    assert text == (
        "# HELP shopthread_waiting Events that\\nwait\n# TYPE shopthread_waiting gauge\nshopthread_waiting 3\n"
        "# HELP shopthread_total All\n# TYPE shopthread_total counter\n"
        'shopthread_total{device="a\\"b\\\\c\\n",outcome="x"} 1.5\n'
    )


def test_large_counts_lose_no_digit():
    assert metrics_text([single("n", "counter", "n", 2**53)]).endswith("n 9007199254740992\n")
