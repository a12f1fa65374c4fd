"""Access to views: every view declares who may use it, or the application doesn't start."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, g, request
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


def current_actor() -> Actor | None:
    """The sender of this request, None without a valid log-in."""
    if "actor" not in g:
        token = bearer_token() or read_cookie(SESSION)
        load: LoadActor = current_app.extensions["load_actor"]
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
    app.extensions["load_actor"] = load_actor

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
    if request.method in ("GET", "HEAD", "OPTIONS") or bearer_token():
        return False
    return not request.path.startswith("/api/") or read_cookie(SESSION) is not None
