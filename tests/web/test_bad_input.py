"""Every operation of the API with invalid input: always a clear problem, and nothing changes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import registered_codes
from ledger.kernel.ids import public_id
from ledger.kernel.permissions import Permission
from ledger.tables import metadata
from tests.databases import on_sqlite
from tests.world import Person, World

_NOBODY = public_id(1)
# Attempts are counted, refused ones too: that is the table's purpose.
_COUNTS_TRIES = "rate_limit"
_HUGE = b'{"x": "' + b"x" * 2_000_000 + b'"}'


@dataclass(frozen=True)
class Operation:
    """An operation of the API, and who may call it."""

    method: str
    path: str
    spec: dict[str, Any]
    access: Any

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of its JSON body, None if it has none."""
        content = self.spec.get("requestBody", {}).get("content", {})
        schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return schema

    @property
    def needed(self) -> dict[str, int]:
        """Its required query parameters; all are numbers."""
        parameters = self.spec.get("parameters", [])
        return {each["name"]: 1 for each in parameters if each.get("in") == "query" and each.get("required")}

    def takes(self, name: str) -> bool:
        return any(parameter.get("name") == name for parameter in self.spec.get("parameters", []))


@pytest.fixture
def operations(app: Flask) -> list[Operation]:
    """All operations of the document."""
    document = app.extensions["openapi"].to_dict()
    views = {
        (rule.rule, method.lower()): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    found = []
    for path, methods in document["paths"].items():
        common = methods.get("parameters", [])
        for method, spec in methods.items():
            if method == "parameters":
                continue
            rule = next(rule for rule, verb in views if verb == method and _plain(rule) == path)
            whole = spec | {"parameters": [*common, *spec.get("parameters", [])]}
            found.append(Operation(method, path, whole, views[rule, method].access))  # type: ignore[attr-defined]
    assert len(found) > 20
    return found


def _plain(rule: str) -> str:
    """Convert Flask's path to OpenAPI's form: /places/<id:place_id> is /places/{place_id}."""
    return "/".join(
        "{" + part[1:-1].rpartition(":")[2] + "}" if part.startswith("<") else part for part in rule.split("/")
    )


@pytest.fixture
def everybody(world: World) -> Person:
    """An admin who also volunteers, with the widest permissions."""
    person = world.add_volunteer("周全")
    world.employ(person, "admin", place_id=world.top_id)
    return person


@pytest.fixture
def people(world: World) -> dict[str, Person]:
    """One person for each of the smaller roles."""
    staff = {"auditor": world.add_staff("auditor", place_id=world.top_id), "clerk": world.add_staff("clerk")}
    return staff | {"volunteer": world.add_volunteer("李四")}


def contents(session: Session) -> dict[str, int]:
    tables = (table for table in metadata.sorted_tables if table.name != _COUNTS_TRIES)
    return {table.name: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables}


@pytest.fixture
def unchanged(people: dict[str, Person], everybody: Person) -> Iterator[None]:
    """Whatever the test sends, every table keeps its number of rows."""
    before = in_snapshot(contents)
    yield
    assert in_snapshot(contents) == before


Send = Callable[..., TestResponse]


@pytest.fixture
def send(client: FlaskClient, everybody: Person) -> Send:
    """Call an operation as a person who may; ids in its path don't exist."""

    def sent(operation: Operation, person: Person | None = everybody, **known: Any) -> TestResponse:
        path = operation.path
        for parameter in operation.spec["parameters"]:
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", _NOBODY)
        headers = {"Idempotency-Key": "bad-input-0001"} | (person.headers if person else {}) | known.pop("headers", {})
        return client.open(path, method=operation.method.upper(), headers=headers, **known)

    return sent


def wrong(operation: Operation, answer: TestResponse, *expected: int) -> str:
    """What is wrong with a response that should be a problem with one of the statuses; "" if nothing is."""
    what = f"{operation.name} answered {answer.status_code} {answer.get_data()[:200]!r}"
    if answer.status_code not in expected or answer.mimetype != "application/problem+json":
        return what
    document = answer.json
    assert document is not None
    complete = {"type", "title", "status", "code", "detail"} <= document.keys()
    known = document.get("code") in registered_codes() and document["status"] == answer.status_code
    return "" if complete and known else what


def check(complaints: list[str]) -> None:
    found = [complaint for complaint in complaints if complaint]
    assert not found, "\n".join(found)


pytestmark = pytest.mark.usefixtures("unchanged")


@on_sqlite
def test_without_a_log_in_nothing_is_shown(operations: list[Operation], send: Send) -> None:
    private = [operation for operation in operations if operation.access != "anybody"]

    check([wrong(operation, send(operation, None), 401) for operation in private])
    check(
        [wrong(operation, send(operation, None, headers={"Authorization": "Bearer x"}), 401) for operation in private]
    )


@pytest.mark.parametrize(
    ("role", "held"),
    [
        ("volunteer", {Permission.OWN_RECORD}),
        ("auditor", {Permission.READ_BOOKS, Permission.RELEASE_AS_AUDITOR}),
        ("clerk", {Permission.CHECK_IN_OTHERS, Permission.STATION_SCREEN, Permission.TILL}),
    ],
)
@on_sqlite
def test_the_wrong_role_is_refused(
    people: dict[str, Person], operations: list[Operation], send: Send, role: str, held: set[Permission]
) -> None:
    person = people[role]
    others = [
        operation
        for operation in operations
        if isinstance(operation.access, tuple) and not held & set(operation.access)
    ]
    assert others

    check([wrong(operation, send(operation, person), 403) for operation in others])


@on_sqlite
def test_what_there_is_not_is_not_found(operations: list[Operation], send: Send) -> None:
    named = [operation for operation in operations if "{" in operation.path and operation.method == "get"]
    assert named
    check([wrong(operation, send(operation, query_string=operation.needed), 404) for operation in named])


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"{", {}, 400, id="no-json"),
        pytest.param(b'{"x": "\xff\xfe"}', {}, 400, id="broken-utf-8"),
        pytest.param(b"\xff\xfe\x00", {}, 400, id="bytes"),
        pytest.param(b'{"\\ud800": 1}', {}, 400, id="half-name"),
        pytest.param(b'{"payload": {"x": ["a\\uDFFFb"]}}', {}, 422, id="half-value"),
        pytest.param(b'{"payload": {"x": {"\\udc00\\ud800": 1}}}', {}, 400, id="half-within"),
        pytest.param(b'{"x": 1' + b"0" * 5000 + b"}", {}, 400, id="huge-number"),
        pytest.param(b"[-1" + b"0" * 5000 + b"]", {}, 400, id="huge-negative"),
        pytest.param(b'{"\\ud83d\\ude00": "\\ud83d\\ude00"}', {}, 422, id="pair"),
        pytest.param(b"[]", {}, 422, id="list"),
        pytest.param(b'"text"', {}, 422, id="string"),
        pytest.param(b"<x/>", {"Content-Type": "application/xml"}, 415, id="xml"),
        pytest.param(b"x=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, id="form"),
        pytest.param(_HUGE, {}, 413, id="huge"),
        pytest.param(b'{"x": 1' + b"0" * 1_000_000 + b"}", {}, 400, id="million-digits"),
        pytest.param(b'{"x": 1e999}', {}, 400, id="overflowing"),
        pytest.param(b'{"x": NaN}', {}, 400, id="nan"),
        pytest.param(b"[-Infinity]", {}, 400, id="infinity"),
        pytest.param(b'{"x": 1, "y": 2, "x": 1}', {}, 400, id="name-twice"),
        pytest.param(b"[" * 20 + b"]" * 20, {}, 400, id="nested"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, {}, 400, id="deeply-nested"),
        pytest.param(
            b"{" + b",".join(b'"x%d": 1' % number for number in range(75_000)) + b"}", {}, 400, id="many-fields"
        ),
        pytest.param(b"[" + b"0," * 75_000 + b"0]", {}, 400, id="long-list"),
    ],
)
@on_sqlite
def test_a_body_that_can_not_be_read(
    operations: list[Operation], send: Send, body: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {"data": body, "headers": {"Content-Type": "application/json"} | headers}
    bodied = [operation for operation in operations if operation.body is not None]
    listed = {each.name for each in bodied if body == b"[]" and (each.body or {}).get("type") == "array"}

    check([wrong(each, send(each, **sent), status) for each in bodied if each.name not in listed])


def properties(operation: Operation, app: Flask) -> tuple[dict[str, Any], list[str]]:
    """The properties of a body, and the names of required ones."""
    schema = operation.body or {}
    if "$ref" in schema:
        schema = app.extensions["openapi"].to_dict()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema.get("properties", {}), schema.get("required", [])


@on_sqlite
def test_a_field_of_the_wrong_type_is_named(app: Flask, operations: list[Operation], send: Send) -> None:
    complaints = []
    for operation in operations:
        for name, shape in properties(operation, app)[0].items():
            answer = send(operation, json={name: [1] if shape.get("type") == "object" else {"wrong": [1]}})
            complaints.append(wrong(operation, answer, 422))
            named = [error["field"].partition(".")[0] for error in (answer.json or {}).get("errors", [])]
            complaints.append("" if name in named else f"{operation.name}: {name} is not named among {named}")
    check(complaints)


@on_sqlite
def test_a_missing_field_is_named(app: Flask, operations: list[Operation], send: Send) -> None:
    complaints = []
    for operation in operations:
        required = properties(operation, app)[1]
        if required:
            answer = send(operation, json={})
            complaints.append(wrong(operation, answer, 422))
            named = {error["field"] for error in (answer.json or {}).get("errors", [])}
            complaints.append("" if set(required) <= named else f"{operation.name}: {required} are not all in {named}")
    check(complaints)


@on_sqlite
def test_a_field_that_nobody_knows_is_refused(operations: list[Operation], send: Send) -> None:
    bodied = [operation for operation in operations if operation.body is not None]

    check([wrong(operation, send(operation, json={"no_such_field": 1}), 422) for operation in bodied])


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=%3F%3F", "sort=nonsense", "after=W10"])
@on_sqlite
def test_a_list_refuses_what_it_can_not_do(operations: list[Operation], send: Send, query: str) -> None:
    name = query.partition("=")[0]
    lists = [each for each in operations if each.method == "get" and each.takes(name) and "{" not in each.path]
    assert lists
    check([wrong(operation, send(operation, query_string=query), 422) for operation in lists])


@on_sqlite
def test_a_method_that_is_not_offered_names_those_that_are(operations: list[Operation], send: Send) -> None:
    offered: dict[str, set[str]] = {}
    for operation in operations:
        offered.setdefault(operation.path, set()).add(operation.method.upper())
    complaints = []
    for operation in operations:
        answer = send(Operation("patch", operation.path, operation.spec, None))
        complaints.append(wrong(operation, answer, 405))
        allowed = set(answer.headers.get("Allow", "").replace(" ", "").split(","))
        complaints.append("" if offered[operation.path] <= allowed else f"{operation.name}: Allow is {allowed}")
    check(complaints)
