"""Access to views: every view declares who may use it, or the application doesn't start."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, g, request
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor, Holder
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import Forbidden
from ledger.kernel.permissions import STEPS_UP, Permission
from ledger.web import csrf
from ledger.web.cookies import SESSION, read_cookie

P = ParamSpec("P")
R = TypeVar("R")
LoadHolder = Callable[[Session, str], Holder | None]
# The field of a form in which its sender proves again who they are.
PROOF = "proof"
SAFE = ("GET", "HEAD", "OPTIONS")
_ANYBODY = "anybody"
_ANYONE_LOGGED_IN = "logged-in"


def requires(*permissions: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Restrict the view to holders of one of the permissions at any place; the service checks the place."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.access = permissions  # type: ignore[attr-defined]
        return view

    return mark


def logged_in(view: Callable[P, R]) -> Callable[P, R]:
    """Restrict the view to people who are logged in."""
    view.access = _ANYONE_LOGGED_IN  # type: ignore[attr-defined]
    return view


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Open the view to everybody."""
    view.access = _ANYBODY  # type: ignore[attr-defined]
    return view


def poll(view: Callable[P, R]) -> Callable[P, R]:
    """Mark the view as one that open pages ask by themselves: that somebody is there is not to be told from it."""
    view.is_poll = True  # type: ignore[attr-defined]
    return view


def steps_up(view: Callable[P, R]) -> Callable[P, R]:
    """Ask who uses the view to prove again who they are, as views that ask for a permission of STEPS_UP do anyway."""
    view.steps_up = True  # type: ignore[attr-defined]
    return view


def steps_up_when(asks: Callable[[], bool]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Ask who uses the view to prove again who they are where this question says yes of the request."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.steps_up_when = asks  # type: ignore[attr-defined]
        return view

    return mark


def act(words: Callable[[], str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Name what the view does, as the page says it that asks its user to prove again who they are."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.act = words  # type: ignore[attr-defined]
        return view

    return mark


def act_of(view: object) -> str:
    """What the view does, in the reader's language; "" where it has no page."""
    words: Callable[[], str] = getattr(view, "act", str)
    return words()


def asks_step_up_now(view: object) -> bool:
    """Whether this request by the view is only for whoever has just proved who they are."""
    when = getattr(view, "steps_up_when", None)
    return asks_step_up(view) or bool(when is not None and when())


def asks_step_up(view: object) -> bool:
    """Whether a write by the view is only for whoever has just proved who they are."""
    access = getattr(view, "access", ())
    return getattr(view, "steps_up", False) or (isinstance(access, tuple) and bool(STEPS_UP & set(access)))


def current_actor() -> Actor | None:
    """The sender of this request, None without a valid log-in."""
    holder = current_holder()
    return None if holder is None else holder.actor


def current_holder() -> Holder | None:
    """The sender of this request and the state of their log-in, None without a valid one."""
    if "holder" not in g:
        token = sent_token()
        load: LoadHolder = current_app.extensions["load_holder"]
        g.holder = in_snapshot(load, token) if token else None
    holder: Holder | None = g.holder
    return holder


def get_actor() -> Actor:
    """The sender of this request. Raises Forbidden("access.login_needed")."""
    actor = current_actor()
    if actor is None:
        raise Forbidden("access.login_needed")
    return actor


def bearer_token() -> str | None:
    """The token of a device, from the Authorization header."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def sent_token() -> str | None:
    """The token of the log-in that the request was sent with: a device's, or else the browser's."""
    return bearer_token() or read_cookie(SESSION)


def register(app: Flask, load_holder: LoadHolder) -> None:
    """Check each request's permission and its CSRF token before the view runs."""
    csrf.register(app)
    app.extensions["load_holder"] = load_holder

    @app.before_request
    def _check() -> None:
        view = app.view_functions.get(request.endpoint or "")
        if view is None or request.endpoint == "static":
            return
        # Whoever is logged out by now is told so, and not that the form is too old.
        _check_access(view)
        if _needs_csrf_token():
            csrf.refuse_forged()


def refuse_unmarked(app: Flask) -> None:
    """Raises RuntimeError naming views without access rules."""
    views = {name: view for name, view in app.view_functions.items() if name != "static"}
    unmarked = sorted(name for name, view in views.items() if not hasattr(view, "access"))
    if unmarked:
        raise RuntimeError(f"say @requires, @logged_in or @public on: {', '.join(unmarked)}")


def needs_login(view: object) -> bool:
    """Whether the view shows nothing to strangers."""
    return getattr(view, "access", _ANYBODY) != _ANYBODY


def is_use(view: object) -> bool:
    """Whether asking for the view shows that the holder of the log-in is there."""
    return needs_login(view) and not getattr(view, "is_poll", False)


def may_use(view: object, actor: Actor) -> bool:
    """Whether somebody who is logged in may use the view, at some place at least."""
    access = getattr(view, "access", ())
    return access in (_ANYBODY, _ANYONE_LOGGED_IN) or any(actor.may_somewhere(permission) for permission in access)


def _check_access(view: object) -> None:
    access = getattr(view, "access", ())
    if access != _ANYBODY and not may_use(view, get_actor()):
        raise Forbidden("access.denied", permission=", ".join(access))


def _needs_csrf_token() -> bool:
    """Browsers attach cookies to every request, even forged ones; a device's token is sent deliberately."""
    if request.method in SAFE or bearer_token():
        return False
    return not request.path.startswith("/api/") or read_cookie(SESSION) is not None
