"""Topics are built and parsed by one module, and parsing undoes building."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import TopicError
from contracts.events import Source
from contracts.payloads import AppearanceSignature, FootfallCrossing
from contracts.topics import (
    CHANNELS,
    Channel,
    ack_topic,
    build_topic,
    event_topic,
    parse_topic,
    presence_topic,
    store_filter,
)
from tests.unit.contracts.samples import SOURCE

names = st.from_regex(re.compile(r"[a-z0-9-]{1,20}"), fullmatch=True)


@given(names, names, names, st.sampled_from(CHANNELS), names)
def test_parsing_undoes_building(tenant: str, store: str, device: str, channel: Channel, name: str):
    source = Source(tenant, store, device)
    topic = parse_topic(build_topic(source, channel, name))
    assert (topic.source, topic.channel, topic.name) == (source, channel, name)


def test_store_local_payloads_have_a_channel_of_their_own():
    assert parse_topic(event_topic(SOURCE, AppearanceSignature)).channel == "local"
    assert parse_topic(event_topic(SOURCE, FootfallCrossing)).channel == "event"


def test_control_topics():
    assert ack_topic(SOURCE) == "shopthread/v1/acme/store-1/cam-1/cmd/ack"
    assert presence_topic(SOURCE) == "shopthread/v1/acme/store-1/cam-1/status/presence"
    assert store_filter("acme", "store-1", "event") == "shopthread/v1/acme/store-1/+/event/+"


@pytest.mark.parametrize(
    ("source", "name"),
    [(Source("a/b", "s", "d"), "x"), (Source("a", "+", "d"), "x"), (Source("a", "s", "D"), "x"), (SOURCE, "a/b")],
)
def test_names_that_would_break_a_topic_are_refused(source: Source, name: str):
    with pytest.raises(TopicError, match="must"):
        build_topic(source, "event", name)


@pytest.mark.parametrize(
    "text", ["", "shopthread/v1/a/b/c/event", "other/v1/a/b/c/event/x", "shopthread/v1/a/b/c/nochannel/x"]
)
def test_foreign_topics_are_refused(text: str):
    with pytest.raises(TopicError, match=r"expected shopthread|channel must be"):
        parse_topic(text)
