"""Logs JSON, one object per line, without personal data: a route's rule, never the requested path.

A path may contain a card's or receipt's code, and a query string a name; the route's rule contains neither.
"""

import json
import logging
import time
import traceback
from datetime import UTC, datetime

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_log = logging.getLogger("ledger.requests")
REQUESTS = Counter("ningxin_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "ningxin_request_seconds",
    "How long answers took.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message, extra fields, and a traceback of errors."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            line["traceback"] = _traceback(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def _traceback(error: BaseException | None) -> list[str]:
    """Types and locations of an error and its causes, without their messages, which may quote user input."""
    lines: list[str] = []
    while error is not None:
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
        lines += [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines


def configure() -> None:
    """Send the service's own log to standard error; repeated calls do nothing."""
    logger = logging.getLogger("ledger")
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler.formatter, JsonLines) for handler in logger.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        logger.addHandler(handler)


def register(app: Flask) -> None:
    """Measure every request; log slow and failed ones."""
    configure()

    @app.before_request
    def _start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def _measure(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        route = route_name()
        REQUESTS.labels(request.method, route, str(response.status_code)).inc()
        SECONDS.labels(route).observe(seconds)
        if response.status_code >= 500 or seconds > 1:
            fields = {"method": request.method, "route": route, "status": response.status_code}
            _log.warning("slow or failed", extra=fields | {"milliseconds": round(seconds * 1000)})
        return response


def route_name() -> str:
    """The rule of the requested route, "unknown" if there is none."""
    return request.url_rule.rule if request.url_rule is not None else "unknown"
