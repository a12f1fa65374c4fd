"""What the audit refuses."""

from ledger.kernel.errors import ErrorText, register

register(
    "audit",
    {
        "verification_not_found": ErrorText(
            404, "没有这次核对", "There is no such verification",
            "请重新核对一次", "Start a new verification",
        ),
    },
)  # fmt: skip
