"""Print the table of permissions, as docs/PERMISSIONS.md: `python -m tools.permissions > docs/PERMISSIONS.md`.

The table is what tests/permissions/rules.py foresees; the crawl beside it shows that every answer is so.
"""

import tempfile
from pathlib import Path

from flask import Flask

from ledger.app import create_app
from tests.conftest import settings_on
from tests.permissions.requests import app_routes
from tests.permissions.rules import RULES
from tests.permissions.table import DENIED, LOG_IN, UNKNOWN, YES, Who, foreseen

SIGNS = {YES: "●", DENIED: "–", UNKNOWN: "·", LOG_IN: "?"}
PLACES = ("root", "own", "far", "elsewhere")
# Column: what its signs stand for, in order.
COLUMNS: dict[str, tuple[Who, ...]] = {
    "nobody": (Who("nobody", "", None),),
    "no role": (Who("no role", "own", None), Who("no role", "elsewhere", None)),
    "volunteer": (
        Who("volunteer", "own", None),
        Who("other volunteer", "own", None),
        Who("volunteer", "elsewhere", None),
    ),
    **{role: tuple(Who(role, place, None) for place in PLACES) for role in ("clerk", "station_manager", "admin")},
    "auditor": tuple(Who("auditor", place, None) for place in PLACES),
}
HEAD = """# Who may use which operation

Printed by `python -m tools.permissions`; `tests/permissions/` asks every operation as everybody named here and fails
where an answer differs. ● may · – is refused (403) · `·` hears that there is no such thing (404) · ? must log in first.

A role has four signs: granted for the whole center, for the station of the thing, for another station, and for another
center. A volunteer has three: whose thing it is, another one, one of another center. "No role" is somebody whose roles
have ended, here and in another center: their log-in opens nothing. Leaders, unit officers, merchants, supervisors and
observers, whose pages come later, may what is open to everybody who is logged in. An outside auditor may what an
auditor may. An operation that lists things lists those of the places held.

"""


def render(app: Flask) -> str:
    """The table as Markdown."""
    head = ["Operation", "Address", *COLUMNS]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for method, route in app_routes(app):
        rule = RULES[route.endpoint]
        signs = ["".join(SIGNS[foreseen(rule, who)] for who in column) for column in COLUMNS.values()]
        address = route.rule.replace("|", "\\|")
        lines.append(f"| {route.endpoint} | {method} {address} | {' | '.join(signs)} |")
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        print(render(create_app(settings_on(f"sqlite:///{folder}/none.sqlite3", Path(folder)))), end="")


if __name__ == "__main__":
    main()
