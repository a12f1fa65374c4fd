"""Schemas of the ledger API. Amounts are integers in minor units of 10**-scale."""

from typing import Any

from flask_babel import gettext as _
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from ledger.points.raw.service import WantedTransfer
from ledger.web.fields import (
    Choice,
    Flag,
    Instant,
    List,
    PageQuery,
    PublicId,
    Request,
    Text,
    Whole,
    length,
)
from ledger.web.reading import MOST_WHOLE

MOST_TRANSFERS = 1_000
_LONGEST_HOLD_SECONDS = 366 * 24 * 3600
_KINDS = ("posted", "pending", "post", "void", "expire")
FLAGS = ("overdraft",)


class AccountSchema(Schema):
    """An account and its balance, credits less debits; `held` is pending against it."""

    id = PublicId()
    unit = fields.String()
    scale = fields.Integer()
    kind = fields.String()
    owner_id = PublicId(metadata={"description": "The volunteer or shop; of the center itself all zeros."})
    balance = fields.Integer()
    held = fields.Integer()
    available = fields.Integer()
    overdraft = fields.Boolean()
    opened_at = Instant()
    closed_at = Instant(allow_none=True)


class AccountQuery(PageQuery):
    """Filter for a list of accounts."""

    unit = Text(load_default=None, longest=60)
    kind = Text(load_default=None, longest=20)
    owner_id = PublicId(load_default=None)


class AccountPage(Schema):
    """A page of accounts."""

    items = fields.List(fields.Nested(AccountSchema))
    next = fields.String(allow_none=True)


class AsOfQuery(Request):
    """Time of recording up to which the book is read; now by default."""

    as_of = Instant(load_default=None)


class BalanceQuery(AsOfQuery):
    """A time of recording, or for reports an effective time, which also counts what was recorded later."""

    effective_until = Instant(load_default=None)

    @validates_schema
    def _one_time(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["as_of"] is not None and data["effective_until"] is not None:
            raise ValidationError(_("as_of 和 effective_until 只填一个"), "effective_until")


class HoldSchema(Schema):
    """An open pending transfer: what it holds back (debit) or promises (credit)."""

    transfer_id = PublicId()
    side = fields.String(validate=validate.OneOf(("debit", "credit")))
    amount = fields.Integer()
    code = fields.String()
    expires_at = Instant()
    recorded_at = Instant()


class AccountDetailSchema(AccountSchema):
    """An account with its open holds, from one snapshot; by effective time there are none."""

    holds = fields.List(fields.Nested(HoldSchema))


class EntryQuery(PageQuery, AsOfQuery):
    """Filter for a statement."""


class LotPartSchema(Schema):
    """Points of one lot that a transfer earned, took or gave back, and the lot's last good day after it."""

    lot_id = PublicId()
    change = fields.String(validate=validate.OneOf(("earned", "taken", "given_back")))
    amount = fields.Integer()
    earned_at = Instant()
    expires_on = fields.Date(
        allow_none=True, metadata={"description": "The last local day on which it is good; null where it never ends."}
    )
    put_off = fields.Boolean(metadata={"description": "Whether this transfer has put the last day off."})


class EntrySchema(Schema):
    """One side of a transfer as its account sees it: `amount` is signed, credit positive, 0 while pending."""

    transfer_id = PublicId()
    batch_id = PublicId()
    amount = fields.Integer()
    held_change = fields.Integer()
    kind = fields.String(validate=validate.OneOf(_KINDS))
    code = fields.String()
    reason = fields.String()
    source_type = fields.String()
    other_account_id = PublicId()
    balance_after = fields.Integer(allow_none=True)
    held_after = fields.Integer(allow_none=True)
    effective_at = Instant()
    recorded_at = Instant()
    lots = fields.List(fields.Nested(LotPartSchema), metadata={"description": "The lots of points that it touched."})


class EntryPage(Schema):
    """A page of a statement."""

    items = fields.List(fields.Nested(EntrySchema))
    next = fields.String(allow_none=True)


class TransferSchema(Schema):
    """A transfer as recorded."""

    id = PublicId()
    batch_id = PublicId()
    unit = fields.String()
    debit_account_id = PublicId()
    credit_account_id = PublicId()
    amount = fields.Integer()
    code = fields.String()
    kind = fields.String(validate=validate.OneOf(_KINDS))
    pending_id = PublicId(allow_none=True)
    reverses_id = PublicId(allow_none=True)
    refund_of = PublicId(allow_none=True)
    expires_at = Instant(allow_none=True)
    recorded_at = Instant()


class BatchSchema(Schema):
    """Transfers posted all or nothing: effective time, time of recording, actor, reason, evidence."""

    id = PublicId()
    source_type = fields.String()
    step = fields.String()
    effective_at = Instant()
    recorded_at = Instant()
    actor_id = PublicId()
    reason = fields.String()
    evidence_hash = fields.String()
    transfers = fields.List(fields.Nested(TransferSchema))


class AccountRequest(Request):
    """A new account of the raw ledger; it never falls below zero unless `overdraft` is set."""

    unit = Text(required=True, longest=60)
    kind = Choice(("free",), required=True)
    flags = List(Choice(FLAGS), load_default=list, validate=length(0, len(FLAGS)))


class TransferRequest(Request):
    """One transfer. `id` is your own name for it, booked at most once; `pending_id` is such a name or a key.

    posted and pending need both accounts, amount and unit; post and void need only `pending_id`.
    """

    id = Text(load_default=None, longest=100)
    debit_account_id = PublicId(load_default=None)
    credit_account_id = PublicId(load_default=None)
    amount = Whole(-MOST_WHOLE, MOST_WHOLE, load_default=None, allow_none=True)
    unit = Text(load_default=None, longest=60)
    kind = Choice(("posted", "pending", "post", "void"), load_default="posted")
    pending_id = Text(load_default=None, longest=100)
    timeout_seconds = Whole(
        1,
        _LONGEST_HOLD_SECONDS,
        load_default=None,
        metadata={"description": "How long a pending transfer holds; a day unless given."},
    )
    linked = Flag(load_default=False, metadata={"description": "Stands or falls together with the next one."})
    code = Text(required=True, longest=60)
    reason = Text(required=True, shortest=0, longest=200)

    @post_load
    def _wanted(self, data: dict[str, Any], **_kwargs: Any) -> WantedTransfer:
        return WantedTransfer(**data)


class RawBalanceSchema(Schema):
    """An account after a transfer."""

    account_id = PublicId()
    balance = fields.Integer()
    held = fields.Integer()


class TransferResultSchema(Schema):
    """Outcome of one transfer: `created` with its keys and the balances after it, `exists`, or `refused`."""

    status = fields.String(validate=validate.OneOf(("created", "exists", "refused")))
    id = fields.String(allow_none=True)
    transfer_id = PublicId()
    batch_id = PublicId()
    balances = fields.List(fields.Nested(RawBalanceSchema))
    code = fields.String()
    title = fields.String()
    detail = fields.String()
    available = fields.Integer()


class TransferResults(Schema):
    """One result per transfer, in the order of the request."""

    results = fields.List(fields.Nested(TransferResultSchema))
