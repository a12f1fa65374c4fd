"""Other tools: what hledger and beancount report about a file, and the balances they compute."""

import csv
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Open, Transaction

from ledger.audit.exports.names import account_name, commodity_name
from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.paging import PageRequest
from ledger.points.book import reading
from ledger.points.book.reading import AccountFilter

Balances = dict[tuple[str, str], Decimal]
TOOLS = [pytest.param("hledger", marks=pytest.mark.hledger), "beancount"]


def check(tool: str, path: Path) -> str:
    """Output of the tool's own check, "" if it finds nothing."""
    bean_check = Path(sys.executable).with_name("bean-check")
    command = {
        "hledger": ["hledger", "-f", path, "check", "--strict", "ordereddates"],
        "beancount": [bean_check, "--no-cache", path],
    }[tool]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode == 0) == (not done.stderr.strip()), done.stderr
    return done.stderr


def agrees(tool: str, path: Path, actor: Actor) -> bool:
    """Whether the tool accepts a file with exactly the accounts and balances of the actor's center."""
    assert check(tool, path) == ""
    ours = balances_of(actor)
    names, found = _hledger(path) if tool == "hledger" else _beancount(path)
    assert names == {name for name, _commodity in ours}
    assert found == {key: balance for key, balance in ours.items() if balance}
    return True


def _hledger(path: Path) -> tuple[set[str], Balances]:
    """Declared accounts and their balances; a zero balance has no commodity in hledger."""
    names = subprocess.run(
        ["hledger", "-f", path, "accounts", "--declared"], capture_output=True, text=True, check=True
    )
    command = ["hledger", "-f", path, "balance", "--flat", "--no-total", "--layout", "bare", "-O", "csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = list(csv.reader(done.stdout.splitlines()))[1:]
    balances = {(account, commodity): Decimal(amount) for account, commodity, amount in rows if Decimal(amount)}
    return set(names.stdout.split()), balances


def _beancount(path: Path) -> tuple[set[str], Balances]:
    """Opened accounts and their balances other than zero."""
    entries, errors, _options = loader.load_file(str(path))
    assert not errors, errors
    found: Balances = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                found[posting.account, posting.units.currency] += posting.units.number
    names = {entry.account for entry in entries if isinstance(entry, Open)}
    return names, {key: balance for key, balance in found.items() if balance}


def balances_of(actor: Actor) -> Balances:
    """Balance of each account of the actor's center by commodity, from the API."""
    found: Balances = {}
    after: str | None = None
    while True:
        request = PageRequest(100, after)
        page = in_snapshot(reading.list_accounts, actor, AccountFilter(), request=request)
        for row in page.items:
            name = account_name(row.kind, row.owner_id, counted=row.counted)
            found[name, commodity_name(row.unit)] = Decimal(row.balance).scaleb(-row.scale)
        after = page.next
        if after is None:
            return found
