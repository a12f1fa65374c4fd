"""Errors of fields are in the reader's language, for every field of every schema."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema, ValidationError, fields, validate

from ledger.app import APPROVALS
from ledger.kernel.db import in_transaction
from ledger.kernel.ids import public_id
from ledger.organisations import service as organisations
from ledger.web.fields import AskedDegrees, AskedFlag, AskedWhole, Request, Text, length
from tests.browsing import Browser
from tests.databases import on_sqlite
from tests.phones import fresh_phone
from tests.source import dotted, package
from tests.test_translations import CHINESE, GETTEXT
from tests.world import World

# Marshmallow's messages about serialising, and about dates or times without a zone, which our own reader reads.
NEVER_SAID = {"format", "invalid_awareness"}
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
# Longer, larger and other than any field accepts; every validator that gets one of these refuses it.
WRONG: tuple[Any, ...] = ("", "x" * 5_000, -(10**15), 10**15, ["x"] * 2_000, [])
_TYPED = {AskedWhole, AskedFlag, AskedDegrees}


@dataclass(frozen=True)
class Loaded:
    """A schema that loads requests, and the part of the request that it loads."""

    schema: Schema
    location: str

    @property
    def name(self) -> str:
        return type(self.schema).__name__


def loaded(app: Flask) -> list[Loaded]:
    """Every schema of requests: the API's, and payloads of proposals."""
    found = {}
    for view in app.view_functions.values():
        for parameter in getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ()):
            schema = parameter["schema"]
            made = schema if isinstance(schema, Schema) else schema()
            found[type(made)] = Loaded(made, parameter["in"])
    return [*found.values(), *(Loaded(kind.payload, "json") for kind in APPROVALS.kinds)]


def fields_of(schema: Schema, path: str = "") -> Iterator[tuple[str, fields.Field[Any]]]:
    """Every field of a schema, including nested ones, by path."""
    for name, field in schema.fields.items():
        yield from parts_of(field, f"{path}{name}")


def parts_of(field: fields.Field[Any], path: str) -> Iterator[tuple[str, fields.Field[Any]]]:
    """A field, and the fields of its members."""
    yield path, field
    inner = {"[]": getattr(field, "inner", None), "{}": getattr(field, "key_field", None)}
    for mark, member in inner.items():
        if isinstance(member, fields.Field):
            yield from parts_of(member, path + mark)
    if isinstance(field, fields.Nested):
        yield from fields_of(field.schema, f"{path}.")


def schemas_of(schema: Schema) -> Iterator[Schema]:
    """A schema and those within it."""
    yield schema
    yield from (field.schema for _path, field in fields_of(schema) if isinstance(field, fields.Nested))


def said_by(field: fields.Field[Any]) -> Iterator[str]:
    """All messages of a field: its own, and those of its validators for values that they refuse."""
    yield from (str(field.make_error(key)) for key in field.error_messages if key not in NEVER_SAID)
    for check in field.validators:
        yield from refusals_of(check)


def refusals_of(check: Any) -> set[str]:
    """A validator's messages about wrong values; fails for unknown validators."""
    assert isinstance(check, validate.Validator), check
    said = set()
    for value in WRONG:
        try:
            check(value)
        except ValidationError as error:
            said |= {str(message) for message in error.messages}
        except TypeError:
            pass
    assert said, f"{check} refused nothing: add to WRONG what it refuses"
    return said


def wrongly_said(texts: set[str], language: str) -> set[str]:
    """Messages that aren't in the language."""
    return {text for text in texts if bool(CHINESE.search(text)) != (language == "zh")}


def all_said(app: Flask) -> dict[str, set[str]]:
    """All messages of all schemas and their fields in the language of the request."""
    found: dict[str, set[str]] = {}
    for each in loaded(app):
        for path, field in fields_of(each.schema):
            found[f"{each.name}.{path}"] = set(said_by(field))
        for schema in schemas_of(each.schema):
            found[type(schema).__name__] = {str(text) for text in schema.error_messages.values()}
    return found


@on_sqlite
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_speaks_the_language_of_the_reader(app: Flask, language: str) -> None:
    with app.test_request_context(headers={"Accept-Language": LANGUAGES[language]}):
        said = all_said(app)
        wrong = {where: wrongly_said(texts, language) for where, texts in said.items()}

    assert len(said) > 100
    assert not {where: texts for where, texts in wrong.items() if texts}, "make it of the fields of ledger.web.fields"


@on_sqlite
def test_schemas_of_requests_are_requests(app: Flask) -> None:
    inner = {type(schema) for each in loaded(app) for schema in schemas_of(each.schema)}

    assert {schema.__name__ for schema in inner if not issubclass(schema, Request)} == set()


@on_sqlite
def test_the_check_sees_a_field_of_marshmallow(app: Flask) -> None:
    class Foreign(Schema):
        """One field of each kind with an English message."""

        inner = fields.List(fields.Integer())
        kind = fields.String(validate=validate.OneOf(("a", "b")))

    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        found = {path for path, field in fields_of(Foreign()) if wrongly_said(set(said_by(field)), "zh")}
        assert wrongly_said(refusals_of(length(2, 3)), "zh") == set()

    assert found == {"inner", "inner[]", "kind"}


@on_sqlite
def test_addresses_are_read_as_text_and_json_as_json(app: Flask) -> None:
    kinds = {
        (each.location == "query", type(field)): f"{each.name}.{path}"
        for each in loaded(app)
        for path, field in fields_of(each.schema)
    }
    typed = {where for (in_address, kind), where in kinds.items() if not in_address and kind in _TYPED}
    numbers = {
        where
        for (in_address, kind), where in kinds.items()
        if in_address and issubclass(kind, fields.Number | fields.Boolean) and kind not in _TYPED
    }

    assert (typed, numbers) == (set(), set()), "Asked… reads an address, the others read JSON"


def test_words_for_a_field_are_said_through_gettext() -> None:
    found = []
    for source in package():
        for node in source.nodes():
            given: list[ast.expr] = []
            if isinstance(node, ast.Call) and dotted(node.func) in ("ValidationError", "Unreadable"):
                given = node.args[:1]
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                given = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "message"]
            found += [source.at(each) for each in given if isinstance(each, ast.Constant | ast.JoinedStr)]
    assert found == [], f"say these through one of {sorted(GETTEXT)}"


@on_sqlite
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_names_nested_fields_in_the_language_of_the_reader(
    world: World, client: FlaskClient, language: str
) -> None:
    keeper = world.add_staff("admin", place_id=world.top_id)
    headers = keeper.headers | {"Accept-Language": LANGUAGES[language], "Idempotency-Key": "field-words-01"}
    lines = [{"item_id": 5, "quantity": "2", "colour": 1}, "x", {"item_id": None, "quantity": 0}]
    body = {"origin": "stolen", "supplier": "x" * 61, "document": None, "lines": lines}
    answer = client.post("/api/v1/shops/0000000000001/goods-in", json=body, headers=headers)

    assert answer.status_code == 422
    told = {error["field"]: error["message"] for error in answer.json["errors"]}
    assert set(told) == {
        *("origin", "supplier", "document", "lines.0.item_id", "lines.0.quantity", "lines.0.colour"),
        *("lines.1._schema", "lines.2.item_id", "lines.2.quantity"),
    }
    assert wrongly_said(set(told.values()), language) == set()


@on_sqlite
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("body", [{}, [5], [{"code": 1, "linked": "yes"}], [{}] * 1_001], ids=str)
def test_a_list_of_objects_is_refused_in_the_language_of_the_reader(
    world: World, client: FlaskClient, language: str, body: Any
) -> None:
    admin = world.add_staff("admin", place_id=world.top_id)
    headers = admin.headers | {"Accept-Language": LANGUAGES[language], "Idempotency-Key": "field-words-02"}
    answer = client.post("/api/v1/transfers", json=body, headers=headers)

    assert answer.status_code == 422
    messages = {error["message"] for error in answer.json["errors"]}
    assert messages
    assert wrongly_said(messages, language) == set()


def test_text_is_read_by_the_one_reader() -> None:
    assert Text().deserialize(" a\r\nb ") == "a\nb"
    with pytest.raises(ValidationError):
        Text().deserialize("a\x00b")


@on_sqlite
def test_a_place_closed_while_a_form_was_open_is_said_in_the_form(world: World, app: Flask) -> None:
    admin = Browser(app.test_client(), world.add_staff("admin", place_id=world.top_id))
    place_id = world.add_station("沙湾站")
    in_transaction(organisations.close_place, place_id, actor=world.builder)
    who = {
        "name": "王小兰",
        "phone": fresh_phone(),
        "role": "clerk",
        "household": "无",
        "place_id": public_id(place_id),
    }
    for address in ("/shelf/new", "/volunteers/new", "/staff/new"):
        answer = admin.post(address, **who)
        assert (answer.status_code, 'id="place_id-error"' in answer.text) == (409, True), address


def test_a_form_with_a_place_says_too_that_it_is_closed() -> None:
    """A refusal that no field is named for leaves the form and all that was typed."""
    forms = {each.path: each.text for each in package() if re.search(r"pages\.py$", each.path)}
    lacks = [path for path, text in forms.items() if '.place_not_found": ' in text and '.place_closed": ' not in text]
    assert lacks == []
