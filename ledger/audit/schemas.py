"""Shapes of the audit API. Amounts are integers in minor units of 10**-scale."""

from marshmallow import Schema, fields, validate

from ledger.approvals.schemas import ProposalSchema
from ledger.points.proofs.schemas import SealSchema
from ledger.points.schemas import BatchSchema, TransferSchema
from ledger.web.fields import Instant, PublicId


class TrialLineSchema(Schema):
    """One kind of account in a unit: totals posted to each side; `balance` is credits less debits."""

    kind = fields.String()
    accounts = fields.Integer()
    debits = fields.Integer()
    credits = fields.Integer()
    balance = fields.Function(lambda line: line.credits - line.debits, metadata={"type": "integer"})


class TrialUnitSchema(Schema):
    """A unit; both sides agree in a sound book, so `difference` is 0."""

    unit = fields.String()
    scale = fields.Integer()
    debits = fields.Integer()
    credits = fields.Integer()
    difference = fields.Integer()
    lines = fields.List(fields.Nested(TrialLineSchema))


class TrialBalanceSchema(Schema):
    """The trial balance of the center, now or as of a recording time."""

    as_of = Instant(allow_none=True)
    effective_until = Instant(allow_none=True)
    balanced = fields.Boolean()
    units = fields.List(fields.Nested(TrialUnitSchema))


class DifferenceSchema(Schema):
    """The first row that contradicts the facts, in words and in parts."""

    check = fields.String()
    table = fields.String()
    row_id = PublicId()
    row_number = fields.Integer(
        allow_none=True,
        metadata={"description": "Of a leaf its index, of a block its number, of a checkpoint its size"},
    )
    expected = fields.Raw(allow_none=True, metadata={"type": ["integer", "string", "null"]})
    found = fields.Raw(allow_none=True, metadata={"type": ["integer", "string", "null"]})
    unit = fields.String()
    text = fields.String()


class VerificationSchema(Schema):
    """A verification: `running` with step, done and total, or finished with its result."""

    id = PublicId()
    status = fields.String(validate=validate.OneOf(("running", "clean", "different", "failed")))
    clean = fields.Boolean(allow_none=True, metadata={"description": "null while it runs"})
    started_at = Instant()
    finished_at = Instant(allow_none=True)
    step = fields.String()
    step_text = fields.String()
    done = fields.Integer()
    total = fields.Integer()
    accounts = fields.Integer()
    batches = fields.Integer()
    transfers = fields.Integer()
    since_size = fields.Integer(
        allow_none=True, metadata={"description": "Only what came after so many leaves of the log; null: everything"}
    )
    log_size = fields.Integer(allow_none=True, metadata={"description": "How many leaves the verified log has"})
    difference = fields.Nested(DifferenceSchema, allow_none=True)


class TracedAccountSchema(Schema):
    """One side of the transfer."""

    id = PublicId()
    kind = fields.String()
    unit = fields.String()
    owner_id = PublicId()
    name = fields.String(metadata={"description": "Masked where it is a person's."})


class NeighboursSchema(Schema):
    """Related transfers."""

    pending_id = PublicId(allow_none=True)
    resolution_id = PublicId(allow_none=True)
    reverses_id = PublicId(allow_none=True)
    reversed_by_id = PublicId(allow_none=True)
    refund_of = PublicId(allow_none=True)
    refund_ids = fields.List(PublicId())


class TracedScanSchema(Schema):
    """A scan event."""

    id = PublicId()
    method = fields.String()
    intent = fields.String()
    outcome = fields.String()
    reason = fields.String()
    scanned_at = Instant()
    received_at = Instant()


class TracedRuleSchema(Schema):
    """The version of the rules applied, and the calculation written out."""

    number = fields.Integer()
    effective_from = Instant()
    points_per_hour = fields.Integer()
    sum = fields.String(metadata={"description": "As 120 ÷ 60 × 1.00 = 2.00"})


class TracedDecisionSchema(Schema):
    """A review decision."""

    decision = fields.String()
    decided_at = Instant()
    note = fields.String()


class TracedAttendanceSchema(Schema):
    """The attendance behind a posting."""

    id = PublicId()
    status = fields.String()
    activity_name = fields.String()
    station_name = fields.String()
    shift_id = PublicId()
    shift_starts_at = Instant()
    shift_ends_at = Instant()
    opened_at = Instant()
    closed_at = Instant(allow_none=True)
    minutes = fields.Integer()
    minutes_present = fields.Integer()
    points = fields.Integer()
    review_reason = fields.String(allow_none=True)
    scans = fields.List(fields.Nested(TracedScanSchema))
    rule = fields.Nested(TracedRuleSchema, allow_none=True)
    decision = fields.Nested(TracedDecisionSchema, allow_none=True)


class TracedLineSchema(Schema):
    """A line of the redemption behind a posting."""

    name = fields.String()
    spec = fields.String()
    quantity = fields.Integer()
    price = fields.Integer()
    points = fields.Integer()
    points_transfer_id = PublicId(allow_none=True)
    goods_transfer_id = PublicId(allow_none=True)


class TracedRedemptionSchema(Schema):
    """The redemption behind a posting."""

    id = PublicId()
    status = fields.String()
    receipt = fields.String()
    shop_id = PublicId()
    shop_name = fields.String()
    total = fields.Integer()
    code_issued_at = Instant()
    created_at = Instant()
    confirmed_at = Instant(allow_none=True)
    voided_at = Instant(allow_none=True)
    void_reason = fields.String(allow_none=True)
    lines = fields.List(fields.Nested(TracedLineSchema))


class TracedGoodsSchema(Schema):
    """A line of the delivery behind a posting."""

    name = fields.String()
    spec = fields.String()
    quantity = fields.Integer()


class TracedDeliverySchema(Schema):
    """The delivery behind a posting."""

    id = PublicId()
    shop_name = fields.String()
    origin = fields.String()
    supplier = fields.String()
    document = fields.String()
    received_at = Instant()
    lines = fields.List(fields.Nested(TracedGoodsSchema))


class TracedPersonSchema(Schema):
    """A person involved."""

    part = fields.String(metadata={"description": "member, scanned_in, scanned_out, decided_by, clerk, recorded_by …"})
    number = fields.String(metadata={"description": "The volunteer number, empty for staff without one."})
    masked_name = fields.String()


class TraceSchema(Schema):
    """The trace from a transfer to the people behind it; one of the three sources is set, none for a raw transfer."""

    transfer = fields.Nested(TransferSchema)
    debit = fields.Nested(TracedAccountSchema)
    credit = fields.Nested(TracedAccountSchema)
    batch = fields.Nested(BatchSchema)
    seal = fields.Nested(SealSchema)
    neighbours = fields.Nested(NeighboursSchema)
    attendance = fields.Nested(TracedAttendanceSchema, allow_none=True)
    redemption = fields.Nested(TracedRedemptionSchema, allow_none=True)
    goods_in = fields.Nested(TracedDeliverySchema, allow_none=True)
    proposal = fields.Nested(ProposalSchema, allow_none=True)
    people = fields.List(fields.Nested(TracedPersonSchema))
