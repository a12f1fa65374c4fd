"""Run every check on the code, show all failures, and exit with 1 if there are any."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# import-linter has no `python -m` form, and the script beside it breaks when the checkout is moved.
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"
HOUSE_RULES = ("tests/test_house_rules.py", "tests/test_structure.py")

# Each check and its command. All run even if one fails, so that one run shows everything.
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("-m", "ruff", "format", "--check", ".")),
    ("lint", ("-m", "ruff", "check", ".")),
    ("types", ("-m", "mypy")),
    ("imports", ("-c", LINT_IMPORTS, "--no-cache", "--no-logo")),
    ("house rules", ("-m", "pytest", "-q", "-p", "no:cacheprovider", *HOUSE_RULES)),
    ("migrations", ("-m", "tools.check_migrations")),
)


def main() -> None:
    """Run them in order and sum up."""
    failed = []
    for name, command in CHECKS:
        print(f"==> Check: {name}", flush=True)
        begun = time.monotonic()
        passed = subprocess.run([sys.executable, *command], cwd=ROOT).returncode == 0
        print(f"    {'ok' if passed else 'FAILED'} ({time.monotonic() - begun:.0f} s)", flush=True)
        if not passed:
            failed.append(name)
    if failed:
        sys.exit(f"Checks that failed: {', '.join(failed)}")
    print("All checks passed.")


if __name__ == "__main__":
    main()
