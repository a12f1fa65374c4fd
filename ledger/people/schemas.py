"""Shapes of the people API."""

from typing import Any

from flask_babel import gettext as _
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ledger.people.access.schemas import LONGEST_TOTP, TOTP
from ledger.people.policy import GENDERS, HOUSEHOLD_NUMBER_LENGTH, NAME_LENGTH, ROLES
from ledger.web.fields import Choice, Day, Instant, PageQuery, PublicId, Request, Text, Verbatim, length

_PHONE = {"description": "As people write it, with + and the country's code for one from abroad."}

_HOUSEHOLD = {"description": "The number of a household as the village's register has it; W017 and w 17 are one."}


class LoginRequest(Request):
    """A log-in by phone and password, or by a ticket for one of several centers and the chosen center.

    Whoever has a second factor adds `totp`; a ticket comes with the refusal of a log-in without it too.
    """

    phone = Text(load_default=None, longest=40, metadata=_PHONE)
    password = Verbatim(load_default=None, validate=length(1, 200))
    ticket = Verbatim(
        load_default=None, validate=length(1, 4000), metadata={"description": "Good for one use in five minutes."}
    )
    center_id = PublicId(
        load_default=None, metadata={"description": "Needed by anybody who has log-ins in more than three centers."}
    )
    totp = Verbatim(load_default=None, validate=length(1, LONGEST_TOTP), metadata=TOTP)

    @validates_schema
    def _is_one_of_the_two(self, data: dict[str, Any], **_known: Any) -> None:
        needed = ("phone", "password") if data["ticket"] is None else ("center_id",)
        for name in needed:
            if data[name] is None:
                raise ValidationError(_("手机号和密码一起填，或者票据和中心一起填"), name)


class PersonSchema(Schema):
    """A person as they see themselves."""

    id = PublicId()
    name = fields.String()
    center_id = PublicId()
    volunteer_id = PublicId(allow_none=True)


class SessionSchema(Schema):
    """A log-in session. The token is shown only once: send it as `Authorization: Bearer`."""

    token = fields.String()
    expires_at = Instant()
    person = fields.Nested(PersonSchema)


class RoleSchema(Schema):
    """A role for a place and everything under it."""

    role = fields.String(validate=validate.OneOf(tuple(ROLES)))
    place_id = PublicId()
    place_name = fields.String()
    valid_until = fields.Date(
        allow_none=True, metadata={"description": "Its last day where the service is; null if it has none."}
    )


class OwnAccountSchema(Schema):
    """One of the actor's own accounts; amounts in minor units."""

    id = PublicId()
    unit = fields.String()
    scale = fields.Integer()
    balance = fields.Integer()
    held = fields.Integer()
    available = fields.Integer()


class MeSchema(PersonSchema):
    """The actor's identity, roles by place and own accounts."""

    number = fields.String(allow_none=True)
    language = fields.String(validate=validate.OneOf(("zh", "en")))
    roles = fields.List(fields.Nested(RoleSchema))
    accounts = fields.List(fields.Nested(OwnAccountSchema))


class VolunteerRequest(Request):
    """A volunteer to register; `place_id` null means the center itself."""

    name = Text(required=True, longest=NAME_LENGTH)
    phone = Text(load_default=None, allow_none=True, longest=40, metadata=_PHONE)
    gender = Choice(GENDERS, load_default=None, allow_none=True)
    id_last4 = Text(
        load_default=None,
        allow_none=True,
        shortest=4,
        longest=4,
        metadata={"description": "The last four of the identity number; the rest is never taken."},
    )
    place_id = PublicId(load_default=None, allow_none=True)


class VolunteerSchema(Schema):
    """A volunteer as managers of volunteers at the place see them."""

    id = PublicId()
    number = fields.String(metadata={"description": "Eight digits."})
    name = fields.String()
    masked_name = fields.String()
    status = fields.String(validate=validate.OneOf(("active", "blocked")))
    place_id = PublicId()
    registered_at = Instant()


class VolunteerDetailsSchema(VolunteerSchema):
    """The same with personal data."""

    phone = fields.String(allow_none=True)
    gender = fields.String(allow_none=True)
    id_last4 = fields.String(allow_none=True)
    has_password = fields.Boolean()
    household = fields.String(allow_none=True, metadata=_HOUSEHOLD)


class HouseholdRequest(Request):
    """The household to assign to a volunteer; null for none."""

    number = Text(required=True, allow_none=True, longest=HOUSEHOLD_NUMBER_LENGTH, metadata=_HOUSEHOLD)


class ContactRequest(Request):
    """A volunteer's name and number; null for no number."""

    name = Text(required=True, longest=NAME_LENGTH)
    phone = Text(required=True, allow_none=True, longest=40, metadata=_PHONE)


class HouseholdChangeSchema(Schema):
    """The volunteer belongs to the household with this number from `changed_at` on; to none if it is null."""

    number = fields.String(allow_none=True)
    changed_by = PublicId()
    changed_at = Instant()


class HouseholdChangeList(Schema):
    """A volunteer's households, newest first."""

    items = fields.List(fields.Nested(HouseholdChangeSchema))
    next = fields.String(allow_none=True)


class VolunteerQuery(PageQuery):
    """Filters for a list of volunteers. Names are encrypted, so only a whole name matches."""

    place_id = PublicId(load_default=None)
    name = Text(load_default=None, longest=NAME_LENGTH)
    number = Text(load_default=None, longest=20, metadata={"description": "Zeros before it may be left out."})
    phone = Text(load_default=None, longest=40)
    household = Text(load_default=None, longest=HOUSEHOLD_NUMBER_LENGTH, metadata=_HOUSEHOLD)
    status = Choice(("active", "blocked"), load_default=None)


class VolunteerPage(Schema):
    """A page of volunteers, by number."""

    items = fields.List(fields.Nested(VolunteerSchema))
    next = fields.String(allow_none=True)


class CardRequest(Request):
    """A card to print."""

    expires_on = Day(load_default=None, allow_none=True)


class CardSchema(Schema):
    """A printed card."""

    id = PublicId()
    volunteer_id = PublicId()
    issued_at = Instant()
    expires_on = fields.Date(allow_none=True)
    revoked_at = Instant(allow_none=True)


class IssuedCardSchema(Schema):
    """A new card. Its address is shown only once, to be printed as a QR code; earlier cards stop working."""

    id = PublicId()
    volunteer_id = PublicId()
    token = fields.String()
    url = fields.String()


class CardList(Schema):
    """All cards of a volunteer, newest first."""

    items = fields.List(fields.Nested(CardSchema))
    next = fields.String(allow_none=True)
