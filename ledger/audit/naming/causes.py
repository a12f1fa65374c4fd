"""Names of the causes of adjustments."""

from typing import Any

from flask_babel import lazy_gettext

from ledger.points.corrections import adjustments

CAUSE_WORDS: dict[str, Any] = {
    "missed": lazy_gettext("漏记"),
    "mistake": lazy_gettext("记错"),
    "carried_over": lazy_gettext("旧账转入"),
    "other": lazy_gettext("其他原因"),
}


def cause_words(number: int) -> str:
    """Name of the cause whose account has this owner."""
    causes = {adjustments.CAUSES[name]: words for name, words in CAUSE_WORDS.items()}
    return str(causes.get(number, ""))
