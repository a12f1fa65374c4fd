"""What a page says of input that it could not take: the field by its label, a link to it, and what to do next."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

import ledger.app  # noqa: F401 - registers all codes
from ledger.kernel.errors import registered_codes, text_of
from ledger.kernel.ids import public_id
from ledger.web.locale import LANGUAGE_COOKIE
from ledger.web.summaries import name_fields
from tests.browsing import Browser, keep
from tests.databases import on_sqlite
from tests.forms import PageForms
from tests.world import World

# About the header, which only programs send.
OF_PROGRAMS = {"idempotency.key_missing", "idempotency.key_invalid"}


def line(name: str, said: str, otherwise: str = "") -> str:
    """A line of a summary as a template writes it."""
    return f'<li><a data-summary="{otherwise}" href="#{name}">{said}</a></li>'


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ('<label for="x">积分 <span>（可不填）</span></label><input id="x">', '<a href="#x">积分：不对</a>'),
        ('<label for="x">1 &lt; 2</label><input id="x">', '<a href="#x">1 &lt; 2：不对</a>'),
        (
            '<fieldset><legend>第 2 样</legend><label for="x">数量</label><select id="x"></select></fieldset>',
            '<a href="#x">第 2 样，数量：不对</a>',
        ),
        (
            '<fieldset><legend>第 1 样</legend></fieldset><label for="x">数量</label><input id="x">',
            '<a href="#x">数量：不对</a>',
        ),
        ('<label for="x">积分</label>', "不对"),
        ('<input id="x">', "不对"),
    ],
)
def test_a_line_begins_with_the_label_of_its_field(app: Flask, page: str, shown: str) -> None:
    with app.test_request_context():
        assert name_fields(line("x", "不对") + page) == f"<li>{shown}</li>{page}"


def test_a_line_about_no_field_says_where_it_comes_from(app: Flask) -> None:
    with app.test_request_context():
        assert name_fields(line("unit", "不对", "网页地址")) == "<li>网页地址：不对</li>"
        assert name_fields("<p>没有</p>") == "<p>没有</p>"


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("zh", {"phone": "手机号：手机号不对", "name": "姓名：姓名不能用"}),
        ("en", {"phone": "Phone: ", "name": "Name: "}),
    ],
)
@on_sqlite
def test_a_form_names_its_fields_in_the_language_of_the_page(
    world: World, client: FlaskClient, language: str, lines: dict[str, str]
) -> None:
    keep(client, LANGUAGE_COOKIE, language)
    manager = Browser(client, world.add_staff("station_manager"))

    page = PageForms(manager.post("/volunteers/new", phone="1", place_id=public_id(world.station_id)).text)

    said = {each.link: each.text for each in page.lines}
    assert said.keys() == lines.keys()
    assert {name: said[name][: len(begun)] for name, begun in lines.items()} == lines


@pytest.mark.parametrize(
    ("address", "said", "to_do"),
    [
        ("/receipts?shop_id=x", "网页地址里有看不懂的，打不开这一页", "请回到上一页，从那里重新选"),
        ("/receipts.csv?since=x", "筛选里有看不懂的，没有存成表格", "请回到上一页，把筛选改好再存"),
    ],
)
@on_sqlite
def test_an_address_that_is_refused_says_what_happened_and_what_to_do(
    world: World, client: FlaskClient, address: str, said: str, to_do: str
) -> None:
    answer = Browser(client, world.add_staff("clerk")).get(address)

    assert answer.status_code == 422
    assert said in answer.text
    assert to_do in answer.text
    assert "处要改" not in answer.text
    assert not any(raw in answer.text for raw in ("shop_id：", "since：", "<b>shop_id</b>", "<b>since</b>"))


@on_sqlite
def test_a_hidden_field_that_is_refused_speaks_of_no_field_and_changes_nothing(
    world: World, client: FlaskClient
) -> None:
    volunteer, manager = world.add_volunteer(), Browser(client, world.add_staff("station_manager"))
    address = f"/volunteers/{public_id(volunteer.volunteer_id)}"
    page = PageForms(manager.get(address).text)
    revoke = next(each.action for each in page.forms if each.action.endswith("/revoke"))

    answer = manager.post(revoke, volunteer_id="x")

    assert answer.status_code == 422
    assert "交上来的有看不懂的，没有办成" in answer.text
    assert "请回到上一页，刷新以后再办一次" in answer.text
    assert "volunteer_id" not in answer.text
    assert revoke in manager.get(address).text


def test_no_refusal_of_people_speaks_of_keys() -> None:
    words = {code: words_of(code) for code in registered_codes() - OF_PROGRAMS}
    assert [
        code for code, said in words.items() if "请求号" in said or "Idempotency-Key" in said or " same key" in said
    ] == []


def words_of(code: str) -> str:
    """All words of a refusal, in both languages."""
    text = text_of(code)
    return " ".join((text.zh, text.en, text.next_zh, text.next_en))
