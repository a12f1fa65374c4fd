"""What the project asks of every table, and the answers that many tables share.

An answer is an entry or "no, because …". tests/test_tables.py compares each with what the code does.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers of one table.

    `sealed`: "leaf" (in the leaf of a batch), "log" (the sealed log itself) or "derived from" other tables.
    `source`: the type of source that batches name it by; `verifier`: where the offline verifier has its own copy.
    `pairs`: unique keys, without center_id, that back what is looked for before it is inserted: "a, b + c"; what has
    no such key follows after ";" as "no, because …".
    `erased`: how a person's erasure treats it; `exported`: the endpoint by which people get their own rows.
    `kept`: the job that deletes rows, or "always: " and why. `spread`: how rows would lie on several machines.
    `demo`: whether the demonstration fills it. `page`, `file`: endpoints of its list and of the list's export.
    """

    sealed: str
    source: str
    verifier: str
    pairs: str
    erased: str
    exported: str
    kept: str
    spread: str
    demo: str
    page: str
    file: str


# sealed
LEAF, LOG = "leaf", "log"
FACT = "no, because facts have no seals yet (ledger.md, What is sealed 1-3)"
CHANGE = "no, because changes of rows have no seals yet (ledger.md, What is sealed 4)"
PASSING = "no, because its rows pass and nothing is decided by them later"
# source, verifier
NOT_POSTED = "no, because nothing is posted from it"
NO_COPY = "no, because the offline verifier has no list of sources yet (ledger.md, rule 9)"
# pairs
NO_LOOK = "no, because nothing is looked for before a row is inserted"
# erased, exported
NOBODY = "no, because it names nobody"
NOT_ERASED = "no, because erasure is not built yet (practice.md: blank the identity row; ledger.md, What is sealed 5)"
PSEUDONYM = "no, because it holds ids alone, which stay as pseudonyms (practice.md)"
SHORT = "no, because its rows are swept soon"
HISTORY = "home.export_history"
NOT_EXPORTED = "no, because a person's whole copy is not built yet (practice.md, 个人信息保护法 §44-47)"
# kept
TEN_YEARS = "always: records of service stay for at least 10 years (practice.md, GB/T 40143)"
BOOK = "always: the book is verified from its first batch on"
SET_UP = "always: records refer to it"
ACCOUNTABLE = "always: it says who may do or did what, and when"
# spread
BY_CENTER = "by center_id"
BY_PHONE = "by phone_hash"
REFERENCE = "reference"
# demo
FILLED = "filled"
# page, file
NO_LIST = "no, because nobody asks for a list of it"
NO_PAGE = "no, because its list is not built yet (pages.md, Tables)"
NO_SUCH_LIST = "no, because there is no list to export"
