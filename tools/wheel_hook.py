"""Refuses to build a wheel from a checkout that is not set up: pages would lack what make setup fetches and makes."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Called by hatchling before each build; the name is its convention."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises RuntimeError for a wheel that would be incomplete; an installation of the checkout itself may be."""
        missing = lacking(Path(self.root))
        if version != "editable" and missing:
            raise RuntimeError(f"run make setup first: {', '.join(missing)} is not there")


def lacking(root: Path) -> list[str]:
    """The files of a complete wheel that are made by make setup and not there."""
    compiled = [path.with_suffix(".mo") for path in root.glob("ledger/translations/*/LC_MESSAGES/messages.po")]
    wanted = [*compiled, root / "ledger/static/vendor"]
    return [str(path.relative_to(root)) for path in wanted if not path.exists()]
