"""Actors: an identity with resolved grants. Nothing in here queries the database itself.

An actor is read when the request begins, and a unit may wait for its turn until the actor has been dismissed. So a unit
asks again, by what `renew` reads: once, and only when it asks for a permission that isn't one of `AT_THE_COUNTER`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeAlias

from sqlalchemy.orm import Session

from ledger.kernel.errors import ErrorText, Forbidden, register
from ledger.kernel.paths import ROOT, is_under
from ledger.kernel.permissions import AT_ROOT, AT_THE_COUNTER, Permission

register(
    "access",
    {
        "denied": ErrorText(
            403, "您的身份不能办这件事", "Your role may not do this",
            "请让有权限的人来办，或者请管理员给您加上", "Ask somebody who may, or ask the administrator for the role",
        ),
        "step_up_required": ErrorText(
            403, "请再证明一次是您本人", "Please prove again that it is you",
            "这件事要紧，要再问一次。请给动态码，没有的给密码；程序先 POST /api/v1/sessions/current/proof，再发一次",
            "This matters, so you are asked again. Give a code of your second factor, or without one your password; a "
            "program sends POST /api/v1/sessions/current/proof and then this again",
        ),
        "login_needed": ErrorText(
            401, "请先登录", "Please log in first",
            "请登录，再办一次", "Log in and do it again",
        ),
    },
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission for a place and everything under it: `place_path` is a prefix, ROOT means the whole center.

    Raises ValueError for a permission of AT_ROOT at a place below it.
    """

    permission: Permission
    place_path: str

    def __post_init__(self) -> None:
        if self.permission in AT_ROOT and self.place_path != ROOT:
            raise ValueError(f"{self.permission.value} counts for the whole center, not for {self.place_path}")


Renew: TypeAlias = Callable[[Session, int, int], frozenset[Grant]]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person acting in a center. `origin` names the device or log-in session for the idempotency of scans.

    `renew` reads what the person with this identity in this center holds now; `now` is that, inside a unit.
    """

    identity_id: int
    center_id: int
    grants: frozenset[Grant] = field(default_factory=frozenset)
    volunteer_id: int | None = None
    origin: str = ""
    renew: Renew | None = field(default=None, compare=False, repr=False)
    now: Callable[[], frozenset[Grant]] | None = field(default=None, compare=False, repr=False)

    def inside(self, session: Session) -> "Actor":
        """The actor for a unit, who holds nothing there that was taken from them meanwhile."""
        renew = self.renew
        if renew is None:
            return self
        return replace(self, now=cache(lambda: renew(session, self.identity_id, self.center_id)))

    def _held(self, permission: Permission) -> list[Grant]:
        held = [grant for grant in self.grants if grant.permission == permission]
        if not held or self.now is None or permission in AT_THE_COUNTER:
            return held
        return [grant for grant in held if grant in self.now()]

    def may(self, permission: Permission, place_path: str) -> bool:
        """Whether the actor holds the permission for the place; ROOT asks for the whole center."""
        return any(is_under(place_path, [grant.place_path]) for grant in self._held(permission))

    def need(self, permission: Permission, place_path: str) -> None:
        """Raises Forbidden("access.denied") unless `may`."""
        if not self.may(permission, place_path):
            raise Forbidden("access.denied", permission=permission.value)

    def may_somewhere(self, permission: Permission) -> bool:
        """Whether the actor holds the permission at any place: for menus, and for lists cut to `paths`."""
        return bool(self._held(permission))

    def need_somewhere(self, permission: Permission) -> None:
        """Raises Forbidden("access.denied") unless `may_somewhere`: the list that follows must be cut to `paths`."""
        if not self.may_somewhere(permission):
            raise Forbidden("access.denied", permission=permission.value)

    def paths(self, permission: Permission) -> list[str]:
        """The place prefixes for which the actor holds the permission."""
        return sorted({grant.place_path for grant in self._held(permission)})


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a log-in. `use_is_due`: its last noted use is long enough ago to note this one."""

    actor: Actor
    use_is_due: bool


SYSTEM_IDENTITY = 0
_EVERYTHING = frozenset(Grant(permission, ROOT) for permission in Permission)


def system_actor(center_id: int) -> Actor:
    """The service itself as actor: for jobs and operators' commands."""
    return Actor(identity_id=SYSTEM_IDENTITY, center_id=center_id, grants=_EVERYTHING, origin="system")
