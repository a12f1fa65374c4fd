"""A moment picked on a page: a local minute in the address, meant to its end."""

from datetime import datetime, timedelta

from flask import current_app, request

_WHOLE_MINUTE = timedelta(seconds=59, microseconds=999_999)


def read(name: str) -> datetime | None:
    """The moment in the address; None where there is none that can be read."""
    try:
        typed = datetime.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    if not 2000 <= typed.year < 2200:
        return None
    local = typed.replace(second=0, microsecond=0) + _WHOLE_MINUTE
    return local if local.tzinfo else local.replace(tzinfo=current_app.config["SETTINGS"].timezone)
