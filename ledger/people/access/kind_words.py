"""What pages say about proposals of log-ins: whose they are, what the decider must see, what approving does."""

from collections.abc import Mapping, Sequence
from datetime import date

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ledger.approvals.desk import SubjectWords
from ledger.approvals.newcomers import newcomers
from ledger.approvals.private import private_of
from ledger.approvals.queries import ProposalView
from ledger.kernel import clock
from ledger.kernel.ids import parse_public_id
from ledger.people.identities.queries import names_of, phone_of
from ledger.people.managing import place_path
from ledger.people.policy import clean_name, mask_name, mask_phone, part_that_counts, phone_key
from ledger.people.words import PART_WORDS, ROLE_NAMES
from ledger.places.queries import place_names
from ledger.web.formats import local_date
from ledger.web.locale import language


def people(
    session: Session, proposals: Sequence[ProposalView], center_id: int, members: Mapping[int, str]
) -> list[SubjectWords]:
    """The people whose log-ins proposals are about."""
    ids = [parse_public_id(each.payload["identity_id"]) for each in proposals]
    names = names_of(session, ids, center_id)
    names |= {who: each.name for who, each in newcomers(session, ids, center_id).items()}
    return [SubjectWords(mask_name(names[who]) if who in names else _("名字没有留下")) for who in ids]


def roles(
    session: Session, proposals: Sequence[ProposalView], center_id: int, members: Mapping[int, str]
) -> list[SubjectWords]:
    """The roles that are proposed, each with whose and where."""
    places = place_names(session, [parse_public_id(each.payload["place_id"]) for each in proposals], center_id)
    named = people(session, proposals, center_id, members)
    return [
        SubjectWords(
            _(
                "%(name)s，%(role)s，%(place)s",
                name=person.text,
                role=ROLE_NAMES[each.payload["role"]],
                place=places.get(parse_public_id(each.payload["place_id"]), ""),
            )
        )
        for each, person in zip(proposals, named, strict=True)
    ]


def phone(session: Session, proposal: ProposalView, center_id: int) -> list[tuple[str, str]]:
    """Whose log-in it is: names are alike, numbers are not."""
    identity_id = parse_public_id(proposal.payload["identity_id"])
    new = newcomers(session, [identity_id], center_id).get(identity_id)
    number = phone_of(session, identity_id, center_id) if new is None else new.phone
    return [(_("手机号"), _("没有") if number is None else mask_phone(number))]


def contact(session: Session, proposal: ProposalView, center_id: int) -> list[tuple[str, str]]:
    """What somebody is called now and would be called, and their number: masked, like all names and numbers here."""
    said = private_of(session, proposal.id, center_id)
    now = phone(session, proposal, center_id)
    if not said:
        return now
    identity_id = parse_public_id(proposal.payload["identity_id"])
    name = names_of(session, [identity_id], center_id).get(identity_id, "")
    number = phone_of(session, identity_id, center_id)
    same = _("不改")
    new = None if said["phone"] is None else phone_key(said["phone"])
    return [
        *now,
        (_("改成的姓名"), same if clean_name(said["name"]) == name else mask_name(clean_name(said["name"]))),
        (_("改成的手机号"), same if new == number else _("没有") if new is None else mask_phone(new)),
    ]


def terms(session: Session, proposal: ProposalView, center_id: int) -> list[tuple[str, str]]:
    """What whoever decides on a role agrees to: whose, until when, which household, and which part of it counts."""
    role, place_id = proposal.payload["role"], parse_public_id(proposal.payload["place_id"])
    part, until = part_that_counts(role, place_path(session, place_id, center_id)), proposal.payload["valid_until"]
    return [
        *phone(session, proposal, center_id),
        (
            _("到哪天为止"),
            _("不限") if until is None else local_date(date.fromisoformat(until), locale=language(), zone=clock.zone()),
        ),
        (_("户编号"), proposal.payload["household"] or _("无")),
        (_("哪些算"), str(PART_WORDS[part])),
    ]


def after_grant(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    """What approving a role does."""
    return str(
        _(
            "批准以后马上有这个身份：%(who)s。%(home)s以前没有这么高的身份的，密码、激活码和登录都作废，新的激活码也要两个人。",
            who=subject,
            home=_home(proposal),
        )
    )


def _home(proposal: ProposalView) -> str:
    """The household that a proposal says, for whoever decides to check."""
    number = proposal.payload["household"]
    return str(_("没有登记住在哪一户。") if number is None else _("登记住在 %(number)s 户。", number=number))


def after_code(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    """What approving a code does."""
    return str(
        _("批准以后，由批的人给 %(name)s 打一张激活码，当面交给本人。24 小时内不打，就要再提一次。", name=subject)
    )


def after_factor(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    """What approving the end of a second factor does."""
    return str(
        _(
            "批准以后，%(name)s 的动态码和备用码马上作废，所有登录都结束，以后只用密码登录，直到本人再打开。",
            name=subject,
        )
    )


def after_contact(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    """What approving another name or number does."""
    return str(
        _("批准以后，%(name)s 按新的姓名和手机号登记，用新号码登录，没用过的激活码作废，旧号码空出来。", name=subject)
    )


def after_household(session: Session, proposal: ProposalView, center_id: int, subject: str) -> str:
    """What approving another household does."""
    who, home = _("批准以后改登记：%(name)s。", name=subject), _home(proposal)
    return str(who) + home + str(_("改以前住在一户的人，30 天里还是不能互相审批。"))
