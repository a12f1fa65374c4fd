"""A list says which filter it could not read; its links to files leave that filter out."""

import re
from html import unescape

import pytest
from flask import Flask

from ledger.kernel.database import Database
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.filters import heard_filters
from tests.test_every_page import PAGES
from tests.tour import Tour
from tests.web.test_refused_forms import built
from tests.world import World

UNREADABLE = "a\x01b"
FILE = re.compile(r'href="([^"#]+\.(?:csv|xlsx)(?:\?[^"]*)?)"')
# At least so many lists offer a file although a filter can't be read.
LEAST_LISTS = 6


@pytest.fixture
def tour(app: Flask, database: Database) -> Tour:
    """A center with one of everything."""
    return Tour(World(database), app)


@on_sqlite
def test_a_list_with_an_unreadable_filter_offers_a_file_that_is_made(tour: Tour) -> None:
    offering: set[str] = set()
    for endpoint, (who, made) in PAGES.items():
        address = made(tour).partition("?")[0] if made is not None else built(tour, endpoint)
        reader = Browser(tour.app.test_client(), tour.people[who])
        with heard_filters(tour) as heard:
            reader.get(address)
        for name in heard:
            page = reader.client.get(address, query_string={name: UNREADABLE})
            for link in FILE.findall(page.text):
                offering.add(endpoint)
                file = reader.get(unescape(link))
                assert file.status_code == 200, f"{endpoint} {name}: {link}"
    assert len(offering) >= LEAST_LISTS, sorted(offering)
