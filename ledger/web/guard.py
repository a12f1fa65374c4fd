"""Access to views: every view declares who may use it, or the application doesn't start."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import Flask, g, request
from sqlalchemy.orm import Session

from ledger.kernel.actor import Actor
from ledger.kernel.db import in_snapshot
from ledger.kernel.errors import Forbidden
from ledger.kernel.permissions import Permission
from ledger.web import csrf
from ledger.web.cookies import SESSION, read_cookie

P = ParamSpec("P")
R = TypeVar("R")
LoadActor = Callable[[Session, str], Actor | None]
# The fields beside a file, and what frames them.
_REST_OF_FORM_BYTES = 65_536
_ANYBODY = "anybody"
_ANYONE_LOGGED_IN = "logged-in"


def requires(*permissions: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Restrict the view to holders of one of the permissions at any place; the service checks the place."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.access = permissions  # type: ignore[attr-defined]
        return view

    return mark


def takes_file(most_bytes: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let people who are logged in send the view a file of up to this size; other bodies are smaller."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.most_bytes = most_bytes + _REST_OF_FORM_BYTES  # type: ignore[attr-defined]
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


def current_actor() -> Actor | None:
    """The sender of this request, None without a valid log-in."""
    if "actor" not in g:
        token = bearer_token() or read_cookie(SESSION)
        load: LoadActor = g.load_actor
        g.actor = in_snapshot(load, token) if token else None
    actor: Actor | None = g.actor
    return actor


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


def register(app: Flask, load_actor: LoadActor) -> None:
    """Check each request's permission and its CSRF token before the view runs."""
    csrf.register(app)

    @app.before_request
    def _check() -> None:
        g.load_actor = load_actor
        view = app.view_functions.get(request.endpoint or "")
        if view is None or request.endpoint == "static":
            return
        # Whoever is logged out by now is told so, and not that the form is too old.
        _check_access(getattr(view, "access", ()))
        if _needs_csrf_token():
            _allow_file(view)
            csrf.refuse_forged()


def refuse_unmarked(app: Flask) -> None:
    """Raises RuntimeError naming views without access rules."""
    views = {name: view for name, view in app.view_functions.items() if name != "static"}
    unmarked = sorted(name for name, view in views.items() if not hasattr(view, "access"))
    if unmarked:
        raise RuntimeError(f"say @requires, @logged_in or @public on: {', '.join(unmarked)}")


def _allow_file(view: object) -> None:
    """Widen the limit of this body before anything reads it, but not for a stranger."""
    most: int | None = getattr(view, "most_bytes", None)
    if most is not None and current_actor() is not None:
        request.max_content_length = most


def _check_access(access: object) -> None:
    if access == _ANYBODY:
        return
    actor = get_actor()
    if access == _ANYONE_LOGGED_IN:
        return
    wanted = access if isinstance(access, tuple) else ()
    if not any(actor.may_somewhere(permission) for permission in wanted):
        raise Forbidden("access.denied", permission=", ".join(wanted))


def _needs_csrf_token() -> bool:
    """Browsers attach cookies to every request, even forged ones; a device's token is sent deliberately."""
    if request.method in ("GET", "HEAD", "OPTIONS") or bearer_token():
        return False
    return not request.path.startswith("/api/") or read_cookie(SESSION) is not None
