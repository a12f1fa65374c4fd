"""Schemas of the public proofs. Hashes and leaves are base64, as in a checkpoint."""

from marshmallow import Schema, fields

from ledger.points.sealing.queries import MOST_LEAVES
from ledger.web.fields import AskedWhole, Base64, Instant, PublicId, Request


class CheckpointSchema(Schema):
    """A checkpoint: `text` is the signed note (C2SP tlog-checkpoint), the other fields describe it."""

    size = fields.Integer()
    root = Base64()
    text = fields.String()
    key_id = PublicId()
    made_at = Instant()


class CheckpointPage(Schema):
    """A page of checkpoints."""

    items = fields.List(fields.Nested(CheckpointSchema))
    next = fields.String(allow_none=True)


class KeySchema(Schema):
    """A key: `text` is the form that tools accept, `endorsement` the note in which the previous key names this one."""

    id = PublicId()
    origin = fields.String(metadata={"description": "The name of the log, the first line of its checkpoints."})
    text = fields.String(metadata={"description": "name+id+key, as C2SP signed-note has it."})
    endorsement = fields.String(allow_none=True)
    valid_from = Instant()
    valid_until = Instant(allow_none=True)


class KeyList(Schema):
    """All keys of a center, oldest first."""

    items = fields.List(fields.Nested(KeySchema))
    next = fields.String(allow_none=True)


class SealSchema(Schema):
    """The place of a posting in the log; without a number until it is sealed, within minutes."""

    batch_id = PublicId()
    sealed = fields.Boolean()
    number = fields.Integer(metadata={"description": "Its place in the log, counted from 1; 0 while it waits."})
    leaf_index = fields.Integer(allow_none=True)
    leaf_hash = Base64(allow_none=True)
    sealed_at = Instant(allow_none=True)
    proof_url = fields.String()
    checkpoint_url = fields.String()


class ConsistencyQuery(Request):
    """The older size."""

    old_size = AskedWhole(1, MOST_LEAVES, required=True, data_key="from")


class ConsistencySchema(Schema):
    """A consistency proof (RFC 6962, 2.1.2) from the first `from` leaves to the checkpoint."""

    old_size = fields.Integer(data_key="from")
    old_root = Base64()
    path = fields.List(Base64())
    checkpoint = fields.Nested(CheckpointSchema)


class ProofQuery(Request):
    """The checkpoint, by default the latest; `center` is needed if two centers have a batch with that id."""

    size = AskedWhole(1, MOST_LEAVES, load_default=None)
    center_id = PublicId(load_default=None, data_key="center")


class CorrectionSchema(Schema):
    """A later batch that took back the proved one or a part of it."""

    batch_id = PublicId()
    at = Instant()
    reason = fields.String(metadata={"description": "Code of the reason."})


class ProofSchema(Schema):
    """An inclusion proof (RFC 6962, 2.1.1): `path` leads from `leaf_hash` at `leaf_index` to the checkpoint's root."""

    center_id = PublicId()
    batch_id = PublicId()
    leaf_index = fields.Integer(metadata={"description": "Counted from 0; on paper it is one more."})
    leaf_hash = Base64()
    leaf = Base64(
        allow_none=True,
        metadata={
            "description": "SHA-256(0x00 || leaf) is the leaf_hash. Null unless the reader may see the whole batch."
        },
    )
    tree_size = fields.Integer()
    path = fields.List(Base64())
    checkpoint = fields.Nested(CheckpointSchema)
    key = fields.Nested(KeySchema)
    file = fields.String(metadata={"description": "All of it as one text to keep (C2SP tlog-proof)."})
    corrections = fields.List(
        fields.Nested(CorrectionSchema),
        metadata={
            "description": "What took it back since, oldest first: the proof stays true, the batch may not count."
        },
    )
