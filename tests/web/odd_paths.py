"""Absurd values in paths, and parameters that no form sends."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from werkzeug.routing import Rule

from ledger.kernel.ids import public_id
from ledger.web.fields import IdConverter

# Ids of nothing, and what is none.
IDS = (public_id(0), public_id(1), public_id((1 << 63) - 1), "x%00")
# What other variables get, as it is sent.
TEXTS = (
    *("0", "-1", "1e9", "nothing", "0001-01-01", "9999-12", "%00", "x%00", "%ff%fe", "%ed%a0%80", quote("😀'\"<%")),
    *("..%2f..", "x" * 10_000, "9" * 10_000),
)
# Values that databases treat differently; PostgreSQL gets only these.
LOOKED_UP = ("x%00", quote("😀"))
# A query as no form sends it: repeated, without names, not in UTF-8, endless.
QUERY = "&".join(
    [*["q=1", "sort=x", "place_id=0", "from=9999-12-31"] * 10, "%00=%00", "%ff=%ff", "=", "%", "x" * 10_000]
)
_VARIABLE = re.compile(r"<(?:[^<>]*:)?(\w+)>")


def odd_paths(rule: Rule, path: str, texts: tuple[str, ...] = TEXTS) -> Iterator[str]:
    """A path of the rule with an odd value in each of its variables, one after the other."""
    pattern = _VARIABLE.sub(r"(?P<\1>[^/]+)", re.sub(r"\.(?=<)", r"\.", rule.rule))
    found = re.fullmatch(pattern, path, re.IGNORECASE)
    assert found is not None, path
    for name in found.groupdict():
        start, end = found.span(name)
        values = IDS if isinstance(rule._converters[name], IdConverter) else texts
        yield from (path[:start] + value + path[end:] for value in values)
