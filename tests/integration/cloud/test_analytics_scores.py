"""All customers by their scores: as many of each as looking up every customer's own scores finds."""

from collections import Counter

import msgspec
from sqlalchemy import select

from cloud.app import create_app
from cloud.config import Settings
from cloud.profiles.score_grid import count_scores, list_currencies
from cloud.profiles.standings import scores_of
from cloud.profiles.tables import profile_purchases
from contracts.payloads import PosSale
from contracts.pseudonym import MIN_KEY_BYTES, MemberPseudonym, pseudonymize
from tests.integration.cloud.support import T0, TENANT, Cloud, Shop, serving
from tests.integration.cloud.test_analytics_http import Client


def member_of(number: int) -> MemberPseudonym:
    return pseudonymize("card", str(number), bytes(MIN_KEY_BYTES))


def in_dollars(member: MemberPseudonym) -> PosSale:
    return PosSale(
        receipt_id="usd", kind="sale", lines=(), total_minor=100, currency="USD", tender="card", member=member
    )


def buy(cloud: Cloud, shop: Shop) -> None:
    """Let fourteen members buy now and then, each in a way of their own."""
    sales = []
    for number in range(14):
        member = member_of(number)
        for purchase in range(1 + number * number % 5):
            at_s = -86_400 * ((number * 7) % 11) - purchase
            sales.append(shop.sale(at_s, f"r{number}-{purchase}", 100 + 997 * (number % 6), member))
    cloud.take_in(*sales)


def test_the_grid_is_what_each_customer_scores(cloud: Cloud, shop: Shop):
    buy(cloud, shop)
    with cloud.database.read() as session:
        assert list_currencies(session, TENANT) == ["EUR"]
        one_ids = [row.one_id for row in session.rows(select(profile_purchases.c.one_id))]
        scores = scores_of(session, TENANT, one_ids).values()
        customers = Counter((each["recency"], each["frequency"]) for each in scores)
        found = count_scores(session, TENANT, "EUR")
    assert {(cell.recency, cell.frequency): cell.customers for cell in found} == customers
    assert sum(cell.monetary for cell in found) == sum(each["monetary"] for each in scores)
    assert len(customers) > 8, "the members buy in too few ways to tell scores apart"


def test_few_customers_are_not_told(cloud: Cloud, shop: Shop, settings: Settings):
    with serving(create_app(settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        client = Client(http, cloud)
        assert client.ask("/v1/rfm").json() | {"rule_version": ""} == {
            "currency": None,
            "customers": 0,
            "least_members": 5,
            "rule_version": "",
            "cells": [],
        }
        buy(cloud, shop)
        grid = client.ask("/v1/rfm").json()
        assert (grid["currency"], grid["customers"], len(grid["cells"])) == ("EUR", 14, 25)
        assert all(cell["customers"] in {None, 0} or cell["customers"] >= 5 for cell in grid["cells"])
        assert client.ask("/v1/rfm", currency="USD").json()["customers"] == 0
        cloud.take_in(shop.event("pos-1", in_dollars(member_of(99)), T0))
        assert "one of EUR, USD" in client.ask("/v1/rfm").json()["detail"]
    told = msgspec.structs.replace(settings, analytics_least_members=1)
    with serving(create_app(told, cloud.clock, cloud.token, runs_projections=False)) as http:
        cells = Client(http, cloud).ask("/v1/rfm", currency="EUR").json()["cells"]
        assert sum(cell["customers"] for cell in cells) == 14
        assert abs(sum(cell["share"] for cell in cells) - 1) < 1e-9
