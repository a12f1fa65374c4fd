"""A trace as a chain that reads from left to right: amount, batch, source, scans, rule, people."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from ledger.approvals.queries import ProposalView
from ledger.audit.naming.causes import CAUSE_WORDS
from ledger.audit.naming.names import CODE_WORDS, TRANSFER_KIND_WORDS
from ledger.audit.tracing.evidence import AttendanceEvidence, RedemptionEvidence
from ledger.audit.tracing.presenter import written_sum
from ledger.audit.tracing.trace import Trace
from ledger.kernel import clock
from ledger.kernel.ids import public_id
from ledger.points.policy import POINT, POINT_SCALE
from ledger.shop.delivery_queries import DeliveryView
from ledger.web import formats

Node = dict[str, Any]
PARTS: dict[str, Any] = {
    "member": lazy_gettext("志愿者"),
    "scanned_in": lazy_gettext("签到经手"),
    "scanned_out": lazy_gettext("签退经手"),
    "decided_by": lazy_gettext("审核"),
    "clerk": lazy_gettext("经办"),
    "voided_by": lazy_gettext("作废经办"),
    "received_by": lazy_gettext("验收"),
    "proposed_by": lazy_gettext("提出的人"),
    "approved_by": lazy_gettext("批准的人"),
    "recorded_by": lazy_gettext("记账"),
}
_METHODS: dict[str, Any] = {
    "screen": lazy_gettext("站里屏幕的码"),
    "paper": lazy_gettext("墙上的码"),
    "card": lazy_gettext("刷卡"),
    "number": lazy_gettext("输号码"),
}


def chain_of(trace: Trace) -> list[Node]:
    """The nodes of the chain: {"what", "figure", "text", "links": [(words, href)]}."""
    return [_amount(trace), _batch(trace), *_source(trace), _people(trace)]


def amount_words(amount: int, trace: Trace) -> str:
    """An amount in the transfer's unit: 2.00 分; 3 东北大米 5 kg/袋."""
    scale = POINT_SCALE if trace.transfer.unit == POINT else 0
    return f"{formats.points(amount, scale)} {trace.credit.name.unit}"


def _amount(trace: Trace) -> Node:
    transfer = trace.transfer
    code = CODE_WORDS.get(transfer.code, transfer.code)
    words = code if transfer.kind == "posted" else f"{code}{_('，')}{TRANSFER_KIND_WORDS[transfer.kind]}"
    return {
        "what": words,
        "figure": amount_words(transfer.amount, trace),
        "text": _when(transfer.recorded_at),
        "links": [
            (trace.debit.name.text, _account_url(trace.debit.account_id)),
            ("→ " + trace.credit.name.text, _account_url(trace.credit.account_id)),
        ],
    }


def _batch(trace: Trace) -> Node:
    batch = trace.batch
    return {
        "what": _("批次"),
        "figure": _("%(n)s 笔同批", n=len(batch.transfers)),
        "text": _("一起记，一起冲。编号 %(id)s", id=public_id(batch.id)),
        "links": [],
    }


def _source(trace: Trace) -> Iterator[Node]:
    evidence = trace.evidence
    if isinstance(evidence, AttendanceEvidence):
        yield from _attendance(evidence)
    elif isinstance(evidence, RedemptionEvidence):
        yield from _redemption(evidence)
    elif isinstance(evidence, DeliveryView):
        goods = _("，").join(f"{line.name} × {line.quantity}" for line in evidence.lines[:3])
        yield {
            "what": _("入库单"),
            "figure": evidence.document or evidence.supplier,
            "text": f"{evidence.shop_name}{_('，')}{evidence.supplier}{_('，')}{_when(evidence.received_at)}",
            "links": [(goods, url_for("shop.delivery", goods_in_id=evidence.id))],
        }
    elif isinstance(evidence, ProposalView):
        cause = CAUSE_WORDS.get(evidence.payload.get("cause", ""), "")
        yield {
            "what": _("审批"),
            "figure": str(cause),
            "text": evidence.reason,
            "links": [(_when(evidence.proposed_at), url_for("audit.approval", proposal_id=evidence.id))],
        }
    else:
        yield {"what": _("事由"), "figure": trace.batch.reason or _("没写"), "text": "", "links": []}


def _attendance(evidence: AttendanceEvidence) -> Iterator[Node]:
    view, zone, language = evidence.attendance, clock.zone(), formats.reader_language()
    day = formats.local_date(view.shift_starts_at, locale=language, zone=zone)
    hours = formats.time_range(view.shift_starts_at, view.shift_ends_at, locale=language, zone=zone)
    yield {
        "what": _("出勤"),
        "figure": _("%(n)s 分钟", n=view.minutes),
        "text": f"{day} {hours}",
        "links": [(view.activity_name, url_for("checkin.earned", attendance_id=view.id))],
    }
    times = [formats.local_time(scan.scanned_at, zone=zone) for scan in evidence.scans]
    methods = dict.fromkeys(str(_METHODS.get(scan.method, scan.method)) for scan in evidence.scans)
    yield {
        "what": _("扫码"),
        "figure": " / ".join(times),
        "text": f"{view.station_name}{_('，')}{_('，').join(methods)}",
        "links": [],
    }
    if evidence.rule is not None:
        withheld = evidence.worth > view.points
        yield {
            "what": _("规则"),
            "figure": _("第 %(n)s 版", n=evidence.rule.number),
            "text": _("忘了签退，只记时长") if withheld else written_sum(evidence),
            "links": [(_("看条文"), url_for("rules.versions"))],
        }
    if evidence.decision is not None:
        yield {
            "what": _("审核"),
            "figure": _("通过") if evidence.decision.decision == "approve" else _("没通过"),
            "text": f"{_when(evidence.decision.decided_at)} {evidence.decision.note}".strip(),
            "links": [],
        }


def _redemption(evidence: RedemptionEvidence) -> Iterator[Node]:
    view = evidence.redemption
    goods = _("，").join(f"{line.name} × {line.quantity}" for line in view.lines[:4])
    goods = _("%(goods)s 等", goods=goods) if len(view.lines) > 4 else goods
    receipt = [(_("看小票"), url_for("shop.receipt", redemption_id=view.id))] if view.receipt else []
    yield {
        "what": _("小票"),
        "figure": view.receipt or _("没有确认"),
        "text": f"{view.shop_name}{_('，')}{goods}",
        "links": receipt,
    }
    yield {
        "what": _("付款码"),
        "figure": formats.local_time(evidence.code_issued_at, zone=clock.zone()),
        "text": _("志愿者自己出示，扫码用掉"),
        "links": [],
    }
    if view.voided_at is not None:
        yield {"what": _("作废"), "figure": _when(view.voided_at), "text": view.void_reason or "", "links": []}


def _people(trace: Trace) -> Node:
    parts: dict[str, list[str]] = {}
    for part, name in trace.people.items():
        parts.setdefault(name.text, []).append(str(PARTS[part]))
    lines = [_("%(name)s（%(parts)s）", name=name, parts=_("、").join(which)) for name, which in parts.items()]
    return {
        "what": _("经手的人"),
        "figure": ngettext("%(n)s 人", "%(n)s 人", len(lines), n=len(lines)),
        "text": _("；").join(lines),
        "links": [],
    }


def _when(moment: datetime) -> str:
    return formats.local_datetime(moment, locale=formats.reader_language(), zone=clock.zone())


def _account_url(account_id: int) -> str:
    return url_for("audit.account", account_id=account_id)
