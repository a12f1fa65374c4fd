"""Request every GET as every role of the tour: with existing ids, each filter, each sort and the next page."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from html import unescape
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from ledger.kernel import clock
from ledger.kernel.ids import public_id
from ledger.web.guard import may_use, needs_login
from tests.browsing import log_in
from tests.filters import Values, heard_filters
from tests.tour import Tour
from tests.world import Person

NEVER_ASKED = {"static"}
# They have the same rows as the CSV.
SAME_AS_CSV = {"xlsx", "beancount"}
ASK_MORE = ("anybody", "volunteer", "manager", "admin")
# File formats of an address, if it doesn't offer both of these.
KINDS = {"audit.export_bundle": ("zip",), "audit.export_journal": ("hledger", "beancount")}
FILES = ("csv", "xlsx")
# A list of a hundred ends before.
MOST_PAGES = 12
# An id that nothing has.
UNUSED = 5
# A cursor before the first entry of a list by time, newest first.
AFTER = base64.urlsafe_b64encode(json.dumps(["2150-01-01T00:00:00+00:00", 1]).encode()).decode().rstrip("=")
# Values of the API's parameters by name, if its document doesn't list them.
TEXTS = {"unit": "point", "category": "治安", "name": "王桂兰", "phone": "13800000000", "number": "00000001",
         "household": "柳荫017", "receipt": "2026-1", "lat": "39.9", "lon": "116.4", "limit": "1"}  # fmt: skip


# The link to the next page of a list.
_NEXT = re.compile(r'href="([^"]*[?;&]after=[^"]+)"')


Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """An answered GET; `number` counts the queries of an endpoint and reader, and is 0 where nothing is asked."""

    endpoint: str
    address: str
    who: str
    answer: TestResponse
    number: int = 0

    def __str__(self) -> str:
        return f"{self.address} as {self.who}: {self.answer.status_code}"

    @property
    def key(self) -> Key:
        """Which request it is, in any crawl of the same pages."""
        return self.endpoint, self.who, self.number


@dataclass(frozen=True, slots=True)
class Parameters:
    """What addresses take: of the API as its document describes it, of a page as it was heard while it answered."""

    described: dict[str, Any]
    heard: Values
    among: frozenset[Key] | None = None

    def skips(self, endpoint: str, who: str, number: int | None = None) -> bool:
        """Whether a crawl among some requests leaves this one out, or all of an endpoint and reader."""
        if self.among is None:
            return False
        return not any(key[:2] == (endpoint, who) and number in (None, key[2]) for key in self.among)


def crawl(tour: Tour, keys: Mapping[str, int | str], among: frozenset[Key] | None = None) -> Iterator[Asked]:
    """Request everything as everybody; `keys` are those that the tour lacks.

    If it is among some requests of an earlier crawl, all others are left out, but for the one to begin with.
    """
    described = tour.app.test_client().get("/api/openapi.json").get_json()
    with heard_filters(tour) as heard:
        taken = Parameters(described, heard, among)
        for rule in tour.app.url_map.iter_rules():
            if "GET" in (rule.methods or set()) and rule.endpoint not in NEVER_ASKED:
                for path in _paths(rule, tour, keys):
                    for who in tour.people:
                        heard.clear()
                        if not taken.skips(rule.endpoint, who):
                            yield from _ask_all(tour, who, rule, path, taken)


def plainly(tour: Tour, keys: Mapping[str, int | str]) -> Iterator[Asked]:
    """The same without a filter, a sort or a next page, and as those who may."""
    for rule in tour.app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and rule.endpoint not in NEVER_ASKED:
            for path in _paths(rule, tour, keys):
                yield from _ask_those_who_may(tour.app, rule, path, tour.people)


def every_get(app: Flask, people: Mapping[str, Person | None], keys: Mapping[str, object]) -> Iterator[Asked]:
    """Request every GET as everybody who may, with these keys; those that are missing are of nothing that there is.

    What is open to all is requested by strangers and volunteers: others read nothing else there.
    """
    open_to_all = {who: person for who, person in people.items() if person is None or person.volunteer_id}
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and rule.endpoint not in NEVER_ASKED:
            readers = open_to_all if may_ask(app, rule, None) else people
            for path in paths_of(app, rule, keys):
                yield from _ask_those_who_may(app, rule, path, readers)


def _ask_those_who_may(app: Flask, rule: Rule, path: str, people: Mapping[str, Person | None]) -> Iterator[Asked]:
    if path.rpartition(".")[2] not in SAME_AS_CSV:
        for who, person in people.items():
            if may_ask(app, rule, person):
                yield request_as(app, rule, path, who, person)


def may_ask(app: Flask, rule: Rule, person: Person | None) -> bool:
    """Whether the view lets the person in; all others get the same refusal."""
    view = app.view_functions[rule.endpoint]
    return may_use(view, person.actor) if person is not None else not needs_login(view)


def paths_of(app: Flask, rule: Rule, keys: Mapping[str, object]) -> list[str]:
    """A rule's addresses, one for each format that it offers."""
    values: dict[str, object] = {name: keys.get(name, UNUSED) for name in rule.arguments}
    kinds = KINDS.get(rule.endpoint, FILES) if "kind" in rule.arguments else ("",)
    with app.test_request_context():
        built = [rule.build(values | {"kind": kind} if kind else values) for kind in kinds]
    return [each[1] for each in built if each is not None]


def next_of(asked: Asked) -> str | None:
    """The address of the next page of a list."""
    if asked.answer.status_code != 200:
        return None
    if asked.answer.is_json:
        document = asked.answer.get_json()
        after = document.get("next") if isinstance(document, dict) else None
        sign = "&" if "?" in asked.address else "?"
        return f"{asked.address}{sign}{urlencode({'after': after})}" if after else None
    found = _NEXT.search(asked.answer.text) if asked.answer.mimetype == "text/html" else None
    return unescape(found[1]) if found else None


def rest_of(tour: Tour, first: Asked) -> Iterator[Asked]:
    """The second page of a list and those that follow, a few at most."""
    rule = next(rule for rule in tour.app.url_map.iter_rules(first.endpoint) if "GET" in (rule.methods or set()))
    address = next_of(first)
    for _page in range(MOST_PAGES):
        if address is None:
            return
        asked = _ask(tour, first.who, rule, address)
        yield asked
        address = next_of(asked)


def _ask_all(tour: Tour, who: str, rule: Rule, path: str, taken: Parameters) -> Iterator[Asked]:
    plain = _ask(tour, who, rule, path)
    yield plain
    # Requests that lack a parameter are repeated with it. A clerk and an auditor see what manager and administrator do.
    if plain.answer.status_code not in (200, 422) or who not in ASK_MORE or path.rpartition(".")[2] in SAME_AS_CSV:
        return
    for number, query in enumerate(_queries(rule, plain, tour, taken), start=1):
        if taken.skips(rule.endpoint, who, number):
            continue
        first = replace(_ask(tour, who, rule, f"{path}?{urlencode(query)}"), number=number)
        yield first
        if first.answer.is_json and (after := first.answer.get_json().get("next")):
            yield replace(_ask(tour, who, rule, f"{path}?{urlencode({**query, 'after': after})}"), number=number)


def _ask(tour: Tour, who: str, rule: Rule, address: str) -> Asked:
    return request_as(tour.app, rule, address, who, tour.people[who])


def request_as(app: Flask, rule: Rule, address: str, who: str, person: Person | None) -> Asked:
    """Request an address of a rule as a browser or a device of the person does."""
    client = app.test_client()
    headers = {}
    if person is not None and rule.rule.startswith("/api/"):
        headers = person.headers
    elif person is not None:
        log_in(client, person)
    answer = client.get(address, headers=headers)
    answer.get_data()
    return Asked(rule.endpoint, address, who, answer)


def _paths(rule: Rule, tour: Tour, keys: Mapping[str, int | str]) -> list[str]:
    reference = tour.receipt if rule.endpoint.startswith("shop.") else tour.voucher
    known = tour.keys | {"reference": reference, "code": tour.station_code()} | keys
    if rule.endpoint == "audit_api.verification":
        known["run_id"] = keys["verification_id"]
    if rule.endpoint in ("people.new_code", "people.lost_factor", "people.staff_household"):
        known["identity_id"] = tour.person("auditor").identity_id
    assert rule.arguments <= {*known, "kind"}, rule
    return paths_of(tour.app, rule, known)


def _queries(rule: Rule, plain: Asked, tour: Tour, taken: Parameters) -> Iterator[dict[str, str]]:
    """Each filter and each sort by itself, and any two together; lists get pages of one entry, so there is a next."""
    if not rule.rule.startswith("/api/"):
        values = dict(taken.heard) | _sorts_of_page(plain)
        yield from _by_two(values)
        if values:
            yield {"after": AFTER}
        return
    needed, values = _read_by_api(rule, tour, taken.described)
    if needed:
        yield needed
    pages = {"limit": "1"} if values.pop("limit", None) else {}
    if pages:
        values |= _sorts(plain, tour, rule, needed)
    for query in _by_two(values):
        yield needed | query | pages


def _by_two(values: Values) -> Iterator[dict[str, str]]:
    """Each value by itself, and of any two names the first values together."""
    for name, given in values.items():
        yield from ({name: value} for value in given)
    for one, other in combinations([name for name, given in values.items() if given], 2):
        yield {one: values[one][0], other: values[other][0]}


def _sorts_of_page(plain: Asked) -> Values:
    """What the headings of a list sort by."""
    found = set(re.findall(r"[?&;]sort=(-?\w+)", plain.answer.text)) if plain.answer.mimetype == "text/html" else set()
    return {"sort": tuple(sorted(found))} if found else {}


def _read_by_api(
    rule: Rule, tour: Tour, described: dict[str, Any]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """An operation's required and optional query parameters."""
    path = re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", rule.rule)
    operation = described["paths"].get(path, {}).get("get", {})
    needed, values = {}, {}
    for each in operation.get("parameters", ()):
        if each.get("in") != "query" or each["name"] in ("after", "sort"):
            continue
        given = _values(each["name"], each["schema"], tour)
        if each.get("required"):
            needed[each["name"]] = given[0]
        else:
            values[each["name"]] = given
    return needed, values


def _values(name: str, schema: dict[str, Any], tour: Tour) -> tuple[str, ...]:
    if "enum" in schema:
        return tuple(value for value in schema["enum"] if value is not None)
    if schema.get("format") == "date-time":
        return (clock.now().isoformat(),)
    if schema.get("format") == "date":
        return ("2150-01-01",)
    if name in TEXTS:
        return (TEXTS[name],)
    if name.endswith("_id"):
        return (public_id(int(tour.keys[{"owner_id": "volunteer_id", "parent_id": "top_id"}.get(name, name)])),)
    return {"kind": ("member",), "on_shelf": ("true",), "from": ("1",)}.get(name, ())


def _sorts(plain: Asked, tour: Tour, rule: Rule, needed: dict[str, str]) -> Values:
    """What a list can be sorted by, as its refusal of another sort says, in both directions."""
    path = plain.address.partition("?")[0]
    refused = _ask(tour, plain.who, rule, f"{path}?{urlencode({**needed, 'sort': 'nothing'})}").answer
    names = (refused.get_json() or {}).get("allowed", "")
    found = [name.strip().lstrip("-") for name in names.split(",") if name.strip()]
    return {"sort": tuple(sign + name for name in dict.fromkeys(found) for sign in ("", "-"))} if found else {}
