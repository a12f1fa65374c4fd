"""The kinds of refusal, and the registry of codes with their texts in both languages.

A code is `<capability>.<reason>` and never changes. The class decides what happens to the transaction, the registry
holds the HTTP status and the texts for people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

Keep: TypeAlias = Callable[[Session], None]


@dataclass(frozen=True, slots=True)
class ErrorText:
    """Status and texts of a code: what happened, and what to do next. Texts may name `{context}` members."""

    status: int
    zh: str
    en: str
    next_zh: str
    next_en: str


_registry: dict[str, ErrorText] = {}


def register(capability: str, texts: Mapping[str, ErrorText]) -> None:
    """Add a capability's reasons to the registry; registering a reason twice with different texts is an error."""
    for reason, text in texts.items():
        code = f"{capability}.{reason}"
        if _registry.setdefault(code, text) != text:
            raise ValueError(f"{code} is registered twice")


def text_of(code: str) -> ErrorText:
    """The registered text; raises KeyError for an unknown code."""
    return _registry[code]


def registered_codes() -> frozenset[str]:
    """All registered codes, for tests and the API's documentation."""
    return frozenset(_registry)


class LedgerError(Exception):
    """A refusal with a stable code. `context` holds numbers, ids and times for the text, nothing personal."""

    def __init__(self, code: str, /, **context: Any) -> None:
        super().__init__(code)
        self.code = code
        self.context = context

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return text_of(self.code).status


class NotFound(LedgerError):
    """The thing doesn't exist, or not for this actor. The whole unit is rolled back."""


class Forbidden(LedgerError):
    """The actor may not do this, or has not logged in (401). The whole unit is rolled back."""


class _Remembered(LedgerError):
    """A refusal that is recorded: `keep` runs after the work's rollback, in the same transaction."""

    def __init__(self, code: str, /, *, keep: Keep | None = None, **context: Any) -> None:
        super().__init__(code, **context)
        self.keep = keep


class Conflict(_Remembered):
    """A lost race or a wrong state: the same request may succeed later or after a confirmation."""


class Rejected(_Remembered):
    """The request breaks a rule or limit, or a field is invalid."""


class TooMany(LedgerError):
    """Too many attempts; wait and retry."""


class Unavailable(LedgerError):
    """The service can't answer now; this attempt recorded nothing, so retry with the same key."""


register(
    "service",
    {
        "busy": ErrorText(
            503, "现在人多，没排上", "Too busy to answer in time",
            "请再交一次，不会重复记账", "Send the same once more; nothing is booked twice",
        ),
        "storage_failed": ErrorText(
            503, "存不进去，什么也没有记", "The storage failed; nothing was recorded",
            "请告诉管理员查看磁盘空间，然后再交一次", "Ask the administrator to check the disk, then send the same once more",
        ),
        "other_installation": ErrorText(
            503, "系统的设置和账本对不上", "The settings are not those of this database",
            "什么也没有记。请告诉管理员：/readyz 会说明原因", "Nothing was recorded. Tell the administrator; /readyz says why",
        ),
        "restoring": ErrorText(
            503, "正在恢复备份，什么也没有记", "A backup is being restored; nothing was recorded",
            "请等恢复完了，用同一个请求再试", "Wait until that has ended, then send the same request again",
        ),
        "conflict": ErrorText(
            409, "有人同时改了同一件事", "Somebody changed the same thing at the same moment",
            "请刷新以后再试一次", "Load it again and repeat",
        ),
        "failed": ErrorText(
            500, "系统出错了，不怪您", "Something broke on our side",
            "没有记账，您填的都在。请过一分钟再试，还不行就报这个短号", "Nothing was booked. Try again in a minute; if it stays, read the short code to support",
        ),
    },
)  # fmt: skip
register(
    "idempotency",
    {
        "mismatch": ErrorText(
            422, "这一份已经交过了，上次填的和这次不一样", "This was already sent, with other values",
            "请先看看上次办成了没有；要再办一次，请重新打开这一页再填", "See what became of the first; to send something else, start anew",
        ),
        "in_progress": ErrorText(
            409, "上一次还在办", "The first of these requests is still being worked on",
            "请稍等几秒，再交一次，不会办两遍", "Wait a few seconds and send it again; it won't be done twice",
        ),
        "shown_already": ErrorText(
            409, "这一页只显示一次，已经显示过了", "This page is shown only once, and it was shown",
            "打出来的照样能用。要再打一张，请回上一页，再打的那张一出来，以前的就作废",
            "What was printed still works. To print another, go back to the page before; it ends the earlier one",
        ),
        "key_missing": ErrorText(
            400, "缺少请求号", "The Idempotency-Key is missing",
            "请在请求头里加 Idempotency-Key，每次操作一个新的", "Send an Idempotency-Key header, a new one for each operation",
        ),
        "key_invalid": ErrorText(
            400, "请求号不能用", "The Idempotency-Key can't be used",
            "请用 8 到 100 个可见字符", "Use 8 to 100 printable ASCII characters",
        ),
    },
)  # fmt: skip
