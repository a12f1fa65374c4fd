"""Every page as it is sent to a reader of English: what they may read or hear is English.

`test_every_page.py` opens the same pages in a browser, in English only when the long tests run.
"""

from html.parser import HTMLParser

import pytest
from flask import Flask

from ledger.kernel.database import Database
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.test_every_page import FOR_PROGRAMMERS, PAGES, SPECIMENS, chinese_in
from tests.tour import Tour
from tests.web.test_refused_forms import built
from tests.world import World

UNSEEN = {"script", "style", "template"}
SAID_BY = ("aria-label", "title", "placeholder", "alt")
# They have no end, so nothing is inside them.
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Words(HTMLParser):
    """Everything in a page that a person may read or hear, except text marked as Chinese."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lang = ""
        self.said: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.lang = known.get("lang", "") if tag == "html" else self.lang
        self.said += [known[name] for name in SAID_BY if name in known]
        if tag not in VOID:
            self._open.append((tag, tag in UNSEEN or known.get("lang") == "zh-CN"))

    def handle_endtag(self, tag: str) -> None:
        while any(each == tag for each, _ in self._open) and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(unseen for _, unseen in self._open):
            self.said.append(data)


@pytest.fixture(scope="module")
def pages(shared_app: Flask, shared_database: Database) -> Tour:
    """A center with one of everything."""
    return Tour(World(shared_database), shared_app)


@on_sqlite
@pytest.mark.parametrize("endpoint", sorted(PAGES.keys() - SPECIMENS - FOR_PROGRAMMERS))
def test_a_page_says_nothing_in_chinese_to_a_reader_of_english(pages: Tour, endpoint: str) -> None:
    who, address = PAGES[endpoint]
    reader = Browser(pages.app.test_client(), pages.people[who])
    reader.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en-GB"

    answer = reader.client.get(address(pages) if address else built(pages, endpoint), follow_redirects=True)

    words = Words(answer.text)
    assert (answer.status_code, words.lang) == (200, "en")
    assert chinese_in(words.said) == []


def test_words_are_those_that_a_reader_meets() -> None:
    unseen = '<i lang="zh-CN">不算</i><script>"不算"</script>'
    page = f'<html lang="en"><p title="说明">站<br>点</p>{unseen}<img alt="图"></html>'
    assert chinese_in(Words(page).said) == ["说明", "站", "点", "图"]
