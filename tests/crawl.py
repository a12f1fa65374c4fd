"""Request every GET as every role of the tour: with existing ids, each filter, each sort and the next page."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from ledger.kernel import clock
from ledger.kernel.ids import public_id
from ledger.web.guard import SESSION_COOKIE
from tests.filters import Values, heard_filters
from tests.tour import Tour

NEVER_ASKED = {"static"}
# They have the same rows as the CSV.
SAME_AS_CSV = {"xlsx", "beancount"}
ASK_MORE = ("anybody", "volunteer", "manager", "admin")
# File formats of an address, if it doesn't offer both of these.
KINDS = {"audit.export_bundle": ("zip",), "audit.export_journal": ("hledger", "beancount")}
FILES = ("csv", "xlsx")
# A cursor before the first entry of a list by time, newest first.
AFTER = base64.urlsafe_b64encode(json.dumps(["2150-01-01T00:00:00+00:00", 1]).encode()).decode().rstrip("=")
# Values of the API's parameters by name, if its document doesn't list them.
TEXTS = {"unit": "point", "category": "治安", "name": "王桂兰", "phone": "13800000000", "number": "00000001",
         "household": "柳荫017", "receipt": "2026-1", "lat": "39.9", "lon": "116.4", "limit": "1"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """An answered GET."""

    endpoint: str
    address: str
    who: str
    answer: TestResponse


@dataclass(frozen=True, slots=True)
class Parameters:
    """What addresses take: of the API as its document describes it, of a page as it was heard while it answered."""

    described: dict[str, Any]
    heard: Values


def crawl(tour: Tour, keys: Mapping[str, int | str]) -> Iterator[Asked]:
    """Request everything as everybody; `keys` are those that the tour lacks."""
    described = tour.app.test_client().get("/api/openapi.json").get_json()
    with heard_filters(tour) as heard:
        taken = Parameters(described, heard)
        for rule in tour.app.url_map.iter_rules():
            if "GET" in (rule.methods or set()) and rule.endpoint not in NEVER_ASKED:
                for path in _paths(rule, tour, keys):
                    for who in tour.people:
                        heard.clear()
                        yield from _ask_all(tour, who, rule, path, taken)


def plainly(tour: Tour, keys: Mapping[str, int | str]) -> Iterator[Asked]:
    """The same without a filter, a sort or a next page."""
    for rule in tour.app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and rule.endpoint not in NEVER_ASKED:
            for path in _paths(rule, tour, keys):
                for who in tour.people:
                    yield _ask(tour, who, rule, path)


def _ask_all(tour: Tour, who: str, rule: Rule, path: str, taken: Parameters) -> Iterator[Asked]:
    plain = _ask(tour, who, rule, path)
    yield plain
    # Requests that lack a parameter are repeated with it. A clerk and an auditor see what manager and administrator do.
    if plain.answer.status_code not in (200, 422) or who not in ASK_MORE or path.rpartition(".")[2] in SAME_AS_CSV:
        return
    for query in _queries(rule, plain, tour, taken):
        first = _ask(tour, who, rule, f"{path}?{urlencode(query)}")
        yield first
        if first.answer.is_json and (after := first.answer.get_json().get("next")):
            yield _ask(tour, who, rule, f"{path}?{urlencode({**query, 'after': after})}")


def _ask(tour: Tour, who: str, rule: Rule, address: str) -> Asked:
    client, person = tour.app.test_client(), tour.people[who]
    headers = {}
    if person is not None and rule.rule.startswith("/api/"):
        headers = person.headers
    elif person is not None:
        client.set_cookie(SESSION_COOKIE, person.token)
    answer = client.get(address, headers=headers)
    answer.get_data()
    return Asked(rule.endpoint, address, who, answer)


def _paths(rule: Rule, tour: Tour, keys: Mapping[str, int | str]) -> list[str]:
    reference = tour.receipt if rule.endpoint.startswith("shop.") else tour.voucher
    known = tour.keys | {"reference": reference, "code": tour.station_code()} | keys
    if rule.endpoint == "audit_api.verification":
        known["run_id"] = keys["verification_id"]
    kinds = KINDS.get(rule.endpoint, FILES) if "kind" in rule.arguments else ("",)
    with tour.app.test_request_context():
        built = [rule.build({name: (known | {"kind": kind})[name] for name in rule.arguments}) for kind in kinds]
    return [each[1] for each in built if each is not None]


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
