"""The REST API: one OpenAPI 3.1 document for all blueprints, and a page that shows it without a CDN."""

import http
from collections.abc import Sequence
from threading import Lock
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request
from flask_smorest import Api
from flask_smorest import Blueprint as ApiBlueprint

from ledger.kernel.errors import LedgerError
from ledger.web.cookies import SESSION, cookie_name
from ledger.web.fields import Base64, IdConverter, Instant, PublicId
from ledger.web.guard import public
from ledger.web.problem import MOST_NAMED

PREFIX = "/api/v1"
bp = Blueprint("documentation", __name__)
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "What happened, in the language of Accept-Language."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable, as shop.stock_short."},
        "detail": {"type": "string", "description": "What to do next."},
        "ref": {"type": "string", "description": "A short code to read out on the telephone."},
        "errors": {
            "type": "array",
            "maxItems": MOST_NAMED,
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_PROBLEM_RESPONSE: dict[str, Any] = {
    "description": "A problem (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
KEY_PARAMETER: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 8, "maxLength": 100, "pattern": "^[!-~]+$"},
    "description": "Names the operation: sent again with the same body it is answered the same and does nothing.",
}
REQUIRED_KEY_PARAMETER = KEY_PARAMETER | {"required": True}


class HouseApi(Api):  # type: ignore[misc]
    """flask-smorest without its error handlers: ledger.web.problem answers errors, keeps `Allow`, and is bilingual."""

    def _register_error_handlers(self) -> None:
        """Register none: the application has its own."""

    def _register_responses(self) -> None:
        """Describe every error as a problem document."""
        self.spec.components.schema("Problem", _PROBLEM)
        for status in http.HTTPStatus:
            response = _PROBLEM_RESPONSE if status >= 400 else {"description": status.phrase}
            self.spec.components.response(status.name, response, lazy=True)
        self.spec.components.response("DEFAULT_ERROR", _PROBLEM_RESPONSE, lazy=True)

    def register_blueprint(self, blueprint: ApiBlueprint) -> None:
        """Mount a blueprint, without a description: Description makes it."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint)

    def describe(self, blueprint: ApiBlueprint) -> None:
        """Describe a mounted blueprint in the document."""
        blueprint.register_views_in_doc(self, self._app, self.spec, name=blueprint.name, parameters=None)
        self.spec.tag({"name": blueprint.name, "description": blueprint.description})


class Description:
    """The document, made when it is first asked for: that takes as long as all else that an application makes."""

    def __init__(self, api: HouseApi, blueprints: Sequence[ApiBlueprint]) -> None:
        self._api, self._blueprints = api, blueprints
        self._made: dict[str, Any] | None = None
        self._making = Lock()

    def to_dict(self) -> dict[str, Any]:
        """The document as JSON takes it."""
        with self._making:
            if self._made is None:
                for blueprint in self._blueprints:
                    self._api.describe(blueprint)
                self._made = self._api.spec.to_dict()
        return self._made


def register(app: Flask, blueprints: Sequence[ApiBlueprint]) -> None:
    """Mount the blueprints, and offer their description."""
    app.config.update(
        API_TITLE="Ningxin",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": "Volunteer hours, points and goods. Amounts are integers in minor units."},
            "security": [{"token": []}, {"browser": []}],
        },
    )
    api = HouseApi(app)
    api.register_converter(IdConverter, lambda converter: {"type": "string", "pattern": f"^{IdConverter.regex}$"})
    api.register_field(PublicId, "string", None)
    api.register_field(Base64, "string", None)
    api.register_field(Instant, "string", "date-time")
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    browser = {"type": "apiKey", "in": "cookie", "name": cookie_name(SESSION, https=app.config["SETTINGS"].https)}
    api.spec.components.security_scheme("browser", browser)
    app.before_request(_refuse_other_media_types)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    app.register_blueprint(bp)
    app.extensions["openapi"] = Description(api, blueprints)


def _refuse_other_media_types() -> None:
    """Refuse bodies other than JSON, which would otherwise be treated as missing."""
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if request.path.startswith(PREFIX) and has_body and not request.is_json:
        raise LedgerError("request.unsupported_media_type")


@bp.get("/api/openapi.json")
@public
def document() -> Response:
    """The OpenAPI document."""
    return jsonify(current_app.extensions["openapi"].to_dict())


@bp.get("/api/docs")
@public
def documentation() -> str:
    """Show the document as a page."""
    return render_template("api_docs.html")
