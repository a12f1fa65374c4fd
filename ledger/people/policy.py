"""Pure decisions about people: permissions of roles, masking of names, validity of names and phone numbers."""

import re
from datetime import date

import phonenumbers

import ledger.people.errors  # noqa: F401 - registers the words of the refusals
from ledger.kernel.actor import Grant
from ledger.kernel.characters import DOTS, HAN, narrow, settle
from ledger.kernel.errors import Rejected
from ledger.kernel.paths import ROOT, is_top
from ledger.kernel.permissions import AT_ROOT, Permission

_P = Permission
_CLERK = frozenset({_P.CHECK_IN_OTHERS, _P.STATION_SCREEN, _P.TILL})
_MANAGER = _CLERK | {
    _P.GOODS_IN,
    _P.MANAGE_SHOP,
    _P.MANAGE_ACTIVITIES,
    _P.MANAGE_VOLUNTEERS,
    _P.MANAGE_PLACES,
    _P.REVIEW,
}

_AUDITOR = frozenset({_P.READ_BOOKS, _P.RELEASE_AS_AUDITOR})

# In words: a clerk may check in others, show the station's screen and work the till, at their place and below.
# An admin proposes what takes two people, and decides on other admins' proposals. An auditor reads and changes
# nothing; but only an admin and an auditor together can release a frozen book. A leader signs up and checks in a team,
# a unit officer answers the requests routed to a unit, a merchant sees their own settlement, a supervisor (监督员)
# reads the postings, objections and stocktakes of a place and signs them, an observer sees figures and no persons.
ROLES: dict[str, frozenset[Permission]] = {
    "admin": _MANAGER
    | {_P.MANAGE_STAFF, _P.MANAGE_RULES, _P.READ_BOOKS, _P.RAW_LEDGER}
    | {_P.PROPOSE, _P.DECIDE, _P.RELEASE_AS_ADMIN},
    "auditor": _AUDITOR,
    "outside_auditor": _AUDITOR,
    "station_manager": _MANAGER,
    "clerk": _CLERK,
    "leader": frozenset({_P.LEAD_TEAM}),
    "unit_officer": frozenset({_P.ANSWER_REQUESTS}),
    "merchant": frozenset({_P.OWN_SETTLEMENT}),
    "supervisor": frozenset({_P.SUPERVISE}),
    "observer": frozenset({_P.READ_FIGURES}),
}
# The others are offered as soon as they have pages.
OFFERED_ROLES = ("clerk", "station_manager", "auditor", "outside_auditor", "admin")
# Somebody from outside audits for a time that is agreed beforehand.
NEEDS_AN_END = frozenset({"outside_auditor"})
VOLUNTEER = frozenset({_P.OWN_RECORD})

ACTIVE, BLOCKED = "active", "blocked"
GENDERS = ("male", "female")
LANGUAGES = ("zh", "en")
NAME_LENGTH = 50
NUMBER_DIGITS = 8
HOUSEHOLD_NUMBER_LENGTH = 20
_NO_HOUSEHOLD = frozenset({"无", "没有", "none"})

# A mobile number of 11 digits begins with 13 to 19, an area code with 0, a local number with 2 to 8. Numbers that
# begin with 100 are the operators' five-digit service lines, so 1000 and seven digits is never assigned.
_DEMONSTRATION_PHONE = re.compile(r"\+861000\d{7}")

_COMPOUND = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容仲孙钟离长孙宇文"
    "司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生梁丘"
    "左丘东门西门南荣第五"
)
COMPOUND_FAMILY_NAMES = frozenset(first + second for first, second in zip(_COMPOUND[::2], _COMPOUND[1::2], strict=True))
_HAN = re.compile(f"[{HAN}]+")
_MASKED_PART = re.compile(rf"[^\s{re.escape(DOTS)}]+")
_ID_LAST4 = re.compile(r"[0-9]{3}[0-9X]")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


def clean_name(text: str) -> str:
    """A person's name without stray spaces and invisible signs. Raises Rejected("people.name_invalid")."""
    name = settle(text)
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise Rejected("people.name_invalid", most=NAME_LENGTH)
    if _HAN.fullmatch(name.replace(" ", "")):
        return name.replace(" ", "")
    return name


def mask_name(name: str) -> str:
    """A name masked for strangers: 王小兰 is 王*兰, 王兰 is 王*, 欧阳兰 is 欧阳*, John Smith is J*** S***."""
    if not _HAN.fullmatch(name):
        return _MASKED_PART.sub(lambda part: part.group()[0] + "***", name)
    family = 2 if len(name) > 2 and name[:2] in COMPOUND_FAMILY_NAMES else 1
    given = name[family:]
    if len(given) <= 1:
        return name[:family] + "*"
    return name[:family] + "*" * (len(given) - 1) + given[-1]


def normalise_phone(text: str, *, demonstration: bool = False) -> str:
    """A phone number as E.164. Numbers that are never assigned are accepted only for a demonstration.

    Raises Rejected("people.phone_invalid").
    """
    number = phone_key(text)
    if number is None or (_DEMONSTRATION_PHONE.fullmatch(number) and not demonstration):
        raise Rejected("people.phone_invalid")
    return number


def check_phone(text: str | None) -> None:
    """Raises Rejected("people.phone_invalid" | "people.phone_length") unless it is empty or may be a number.

    Whether this center takes numbers of the never-assigned range is checked when it is stored.
    """
    if text is None:
        return
    digits = re.sub(r"\D", "", narrow(text))
    if digits.startswith("1") and len(digits) in (9, 10, 12, 13) and phone_key(text) is None:
        raise Rejected("people.phone_length", count=len(digits))
    normalise_phone(text, demonstration=True)


def phone_key(text: str) -> str | None:
    """The E.164 form to look a number up by; None if the text can't be a number."""
    try:
        number = phonenumbers.parse(narrow(text)[:40], "CN")
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number) or _DEMONSTRATION_PHONE.fullmatch(written):
        return written
    return None


def demonstration_phone(count: int) -> str:
    """The count-th phone number of the never-assigned range."""
    return f"1000{count:07d}"


def show_phone(number: str) -> str:
    """A stored number as people write it: without +86 in China."""
    return number.removeprefix("+86")


def mask_phone(number: str) -> str:
    """A number with only its ends readable: 138****8000."""
    shown = show_phone(number)
    return shown[:3] + "****" + shown[-4:] if len(shown) >= 9 else "****"


def clean_gender(text: str | None) -> str | None:
    """One of GENDERS or None. Raises Rejected("people.gender_invalid")."""
    if not text:
        return None
    if text not in GENDERS:
        raise Rejected("people.gender_invalid")
    return text


def clean_id_last4(text: str | None) -> str | None:
    """The last four of an identity number, X in upper case, or None. Raises Rejected("people.id_last4_invalid")."""
    if not text:
        return None
    last4 = narrow(text).upper()
    if not _ID_LAST4.fullmatch(last4):
        raise Rejected("people.id_last4_invalid")
    return last4


def volunteer_number(count: int) -> str:
    """The count-th volunteer's number: eight digits."""
    return f"{count:0{NUMBER_DIGITS}d}"


def clean_household_number(text: str) -> str:
    """A household's number as in the village's register, without spaces. Raises
    Rejected("people.household_number_invalid").

    A digit is required, because the column is unencrypted and must not hold the name of the head of the family.
    """
    number = _squeeze_number(text)
    if len(number) > HOUSEHOLD_NUMBER_LENGTH or not number.isprintable() or not re.search(r"\d", number):
        raise Rejected("people.household_number_invalid", most=HOUSEHOLD_NUMBER_LENGTH)
    return number


def household_said(text: str) -> str | None:
    """The household's number as typed, or None for the words that say there is none: 无, 没有, none."""
    return None if text.strip().casefold() in _NO_HOUSEHOLD else text


def household_key(number: str) -> str:
    """The key to look up a household's number by: 柳荫017 equals 柳荫17, because spreadsheets and people drop zeros."""
    return _LEADING_ZEROS.sub("", "".join(letter for letter in _squeeze_number(number) if letter.isprintable()))


def _squeeze_number(text: str) -> str:
    return "".join(narrow(text).translate(_DASHES).upper().split())


def permissions_of(role: str) -> frozenset[Permission]:
    """What a role may do. Raises Rejected("people.role_unknown")."""
    if role not in ROLES:
        raise Rejected("people.role_unknown", allowed=", ".join(ROLES))
    return ROLES[role]


def check_term(role: str, valid_until: date | None, *, today: date) -> None:
    """Check the last local day of a role. Raises Rejected("people.valid_until_needed", "people.valid_until_past")."""
    if valid_until is None and role in NEEDS_AN_END:
        raise Rejected("people.valid_until_needed")
    if valid_until is not None and valid_until < today:
        raise Rejected("people.valid_until_past")


def grants_of(role: str, place_path: str) -> frozenset[Grant]:
    """What a role gives at a place and below. What counts for the whole center is given at the top place alone."""
    path = ROOT if is_top(place_path) else place_path
    return frozenset(Grant(permission, path) for permission in counting(role, path))


def counting(role: str, place_path: str) -> frozenset[Permission]:
    """The permissions of a role that count at a place: below the top, those of AT_ROOT don't."""
    return ROLES[role] if place_path == ROOT or is_top(place_path) else ROLES[role] - AT_ROOT


def need_something(role: str, place_path: str) -> None:
    """Refuse a role at a place where it may do nothing. Raises Rejected("people.nothing_counts")."""
    if part_that_counts(role, place_path) == "nothing":
        raise Rejected("people.nothing_counts")


def counts_below_top(role: str) -> bool:
    """Whether a role may do anything below the top place."""
    return bool(permissions_of(role) - AT_ROOT)


def part_that_counts(role: str, place_path: str) -> str:
    """Whether "all", "some" or "nothing" of a role counts at a place."""
    counts = counting(role, place_path)
    return "all" if counts == permissions_of(role) else "some" if counts else "nothing"
