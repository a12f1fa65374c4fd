"""The table of permissions: for each operation who may, and where. The crawl compares every answer with it.

A new route fails the crawl until it has a line here.
"""

from dataclasses import dataclass

from ledger.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use an operation.

    `where`: "anybody", without a log-in · "known", anyone who is logged in · "anywhere", who holds one of the
    permissions at any place, because the list or form is cut to the places held · "there", who holds one at the place
    of the thing · "root", who holds one for the whole center · "uploader", who
    holds one and made the thing, or it is of a kind that is not in the crawl · "maker", who holds one there and made
    the thing, as nobody of the crawl did.
    `owner`: the volunteer whose thing it is may too. `hidden`: those who may not hear that there is no such thing.
    `names`: the request names something of the center, so another center's people hear that there is no such thing.
    `lets_in`: the guard lets these in as well (None: everybody who is logged in), and the service refuses them.
    """

    where: str
    permissions: tuple[Permission, ...] = ()
    owner: bool = False
    hidden: bool = False
    names: bool = True
    lets_in: tuple[Permission, ...] | None = ()


ANYBODY, KNOWN = Rule("anybody"), Rule("known", names=False)
KNOWN_THING = Rule("known")


def anywhere(*permissions: Permission) -> Rule:
    return Rule("anywhere", permissions, names=False)


def there(*permissions: Permission, owner: bool = False) -> Rule:
    return Rule("there", permissions, owner=owner)


def hidden(*permissions: Permission, owner: bool = False, known: bool = False) -> Rule:
    return Rule("there", permissions, owner=owner, hidden=True, lets_in=None if known else ())


def root(*permissions: Permission, names: bool = False, owner: bool = False, hidden: bool = False) -> Rule:
    return Rule("root", permissions, names=names, owner=owner, hidden=hidden)


BOOKS, PROPOSAL = (Permission.READ_BOOKS,), (Permission.READ_BOOKS, Permission.PROPOSE, Permission.DECIDE)
# An auditor decides as well where nobody else may, and on roles and codes: tests/people/test_two_people.py.
DECIDERS = (Permission.DECIDE, Permission.READ_BOOKS, Permission.RELEASE_AS_AUDITOR)
# Of somebody of the staff and of an approved code, as nobody is and nothing was in the crawl.
OF_STAFF = Rule("uploader", (Permission.MANAGE_STAFF,))
DECIDES = Rule(
    "root", (Permission.DECIDE,), lets_in=(Permission.PROPOSE, Permission.READ_BOOKS, Permission.RELEASE_AS_AUDITOR)
)
EXPIRY = (Permission.READ_BOOKS, Permission.PROPOSE)
SHELF = (Permission.MANAGE_SHOP, Permission.GOODS_IN, Permission.READ_BOOKS)
RECEIPT = (Permission.TILL, Permission.READ_BOOKS)
VISIT = (Permission.CHECK_IN_OTHERS, Permission.READ_BOOKS)
MANAGES = there(Permission.MANAGE_VOLUNTEERS)
PLANS = there(Permission.MANAGE_ACTIVITIES)
KEEPS = there(Permission.MANAGE_SHOP)
SELLS = there(Permission.TILL)
MINE = Rule("there", (), owner=True, hidden=True, lets_in=(Permission.OWN_RECORD,))
# Nobody hears of another's log-in; the crawl asks for the volunteer's.
OWN_LOG_IN = Rule("there", (), owner=True, hidden=True, lets_in=None)
OWN = Rule("anywhere", (Permission.OWN_RECORD,), names=False)

RULES: dict[str, Rule] = {
    "activities.activity": PLANS,
    "activities.export_activity": PLANS,
    "activities.add_signup": PLANS,
    "activities.approve": PLANS,
    "activities.cancel": PLANS,
    "activities.cancel_mine": MINE,
    "activities.cancel_shift": PLANS,
    "activities.cancel_signup": PLANS,
    "activities.correct_activity": PLANS,
    "activities.list_activities": anywhere(Permission.MANAGE_ACTIVITIES),
    "activities.export_list_activities": anywhere(Permission.MANAGE_ACTIVITIES),
    "activities.my_shifts": OWN,
    "activities.new_activity": anywhere(Permission.MANAGE_ACTIVITIES),
    "activities.new_shift": PLANS,
    "activities.send_new_activity": PLANS,
    "activities.send_new_shift": PLANS,
    "activities.send_corrected_activity": PLANS,
    "activities.shift": there(Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS),
    "activities.export_shift": there(Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS),
    "activities.sign_me_up": Rule("anywhere", (Permission.OWN_RECORD,)),
    "activities_api.add_shift": PLANS,
    "activities_api.approve_activity": PLANS,
    "activities_api.cancel_activity": PLANS,
    "activities_api.cancel_shift": PLANS,
    "activities_api.cancel_signup": there(Permission.MANAGE_ACTIVITIES, owner=True),
    "activities_api.coming_shifts": KNOWN,
    "activities_api.correct_activity": PLANS,
    "activities_api.create_activity": PLANS,
    "activities_api.get_activity": KNOWN_THING,
    "activities_api.get_shift": KNOWN_THING,
    "activities_api.list_activities": KNOWN,
    "activities_api.list_shifts": KNOWN_THING,
    "activities_api.list_signups": there(Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS),
    "activities_api.sign_up": there(Permission.MANAGE_ACTIVITIES, owner=True),
    "approvals_api.approve": DECIDES,
    "approvals_api.get_proposal": root(*PROPOSAL, names=True),
    "approvals_api.list_proposals": root(*PROPOSAL),
    "approvals_api.propose": root(Permission.PROPOSE, names=True),
    "approvals_api.reject": DECIDES,
    "approvals_api.withdraw": Rule("maker", (Permission.PROPOSE,)),
    "audit.account": root(*BOOKS, names=True),
    "audit.accounts": root(*BOOKS),
    "audit.export_accounts": root(*BOOKS),
    "audit.approval": root(*PROPOSAL, names=True),
    "audit.approvals": root(*PROPOSAL),
    "audit.ask_clawback": root(Permission.PROPOSE, names=True),
    "audit.console": root(*BOOKS),
    "audit.export_console": root(*BOOKS),
    "audit.decide": DECIDES,
    "audit.drop_expiry": root(Permission.PROPOSE, names=True),
    "audit.ending": root(*BOOKS),
    "audit.expiry_run": root(*EXPIRY, names=True),
    "audit.expiry_runs": root(*EXPIRY),
    "audit.export_expiry_runs": root(*EXPIRY),
    "audit.export_account": root(*BOOKS, names=True),
    "audit.export_approvals": root(*PROPOSAL),
    "audit.export_bundle": root(*BOOKS),
    "audit.export_ending": root(*BOOKS),
    "audit.export_expiry_run": root(*EXPIRY, names=True),
    "audit.export_journal": root(*BOOKS),
    "audit.export_trial_balance": root(*BOOKS),
    "audit.full_name": root(*BOOKS, names=True),
    "audit.freezes": root(*BOOKS),
    "audit.export_freezes": root(*BOOKS),
    "audit.new_adjustment": root(Permission.PROPOSE),
    "audit.periods": root(*BOOKS),
    "audit.export_periods": root(*BOOKS),
    "audit.prepare_expiry": root(Permission.PROPOSE),
    "audit.print_ending": root(*BOOKS),
    "audit.propose_clawback": root(Permission.PROPOSE, names=True),
    "audit.propose_release": root(Permission.PROPOSE, names=True),
    "audit.release_freeze": root(Permission.RELEASE_AS_ADMIN, Permission.RELEASE_AS_AUDITOR, names=True),
    "audit.send_adjustment": root(Permission.PROPOSE, names=True),
    "audit.send_period": root(Permission.PROPOSE),
    "audit.transfer": root(*BOOKS, names=True),
    "audit.trial_balance": root(*BOOKS),
    "audit.verify": root(*BOOKS),
    "audit_api.trace": root(*BOOKS, names=True, owner=True, hidden=True),
    "audit_api.trial_balance": root(*BOOKS),
    "audit_api.verification": root(*BOOKS, names=True),
    "audit_api.verify": root(*BOOKS),
    "checkin.ask_hours": root(Permission.PROPOSE, names=True),
    "checkin.attendances": hidden(*VISIT),
    "checkin.check_in": KNOWN,
    "checkin.decide": there(Permission.REVIEW),
    "checkin.earned": hidden(*VISIT, owner=True, known=True),
    "checkin.enter": ANYBODY,
    "checkin.export_attendances": hidden(*VISIT),
    "checkin.objection": hidden(*VISIT, owner=True, known=True),
    "checkin.one_review": hidden(Permission.REVIEW),
    "checkin.open_check_in": KNOWN,
    "checkin.paper_code": hidden(Permission.MANAGE_PLACES),
    "checkin.propose_hours": root(Permission.PROPOSE, names=True),
    "checkin.receipt": ANYBODY,
    "checkin.result": hidden(owner=True, known=True),
    "checkin.reviews": anywhere(Permission.REVIEW),
    "checkin.export_reviews": anywhere(Permission.REVIEW),
    "checkin.scan_page": anywhere(Permission.CHECK_IN_OTHERS),
    "checkin.station_screen": hidden(Permission.STATION_SCREEN),
    "checkin_api.annul": Rule("maker", (Permission.CHECK_IN_OTHERS,), owner=True, hidden=True),
    "checkin_api.approve": there(Permission.REVIEW),
    "checkin_api.get_attendance": hidden(*VISIT, owner=True),
    "checkin_api.list_attendances": anywhere(Permission.OWN_RECORD, *VISIT),
    "checkin_api.list_reviews": anywhere(Permission.REVIEW),
    "checkin_api.reject": there(Permission.REVIEW),
    "checkin_api.scan": Rule("there", (Permission.CHECK_IN_OTHERS,), lets_in=(Permission.OWN_RECORD,)),
    "checkin_api.arrivals": there(Permission.STATION_SCREEN),
    "checkin_api.station_code": there(Permission.STATION_SCREEN),
    "closing_api.close_period": root(Permission.PROPOSE),
    "closing_api.list_freezes": root(*BOOKS),
    "closing_api.list_periods": root(*BOOKS),
    "closing_api.release_freeze": root(Permission.RELEASE_AS_ADMIN, Permission.RELEASE_AS_AUDITOR, names=True),
    "closing_api.reopen_period": root(Permission.PROPOSE),
    "documentation.document": ANYBODY,
    "documentation.documentation": ANYBODY,
    "full_names_api.list_looks": root(*BOOKS, names=True, owner=True),
    "full_names_api.read_name": root(*BOOKS, names=True),
    "health.alive": ANYBODY,
    "health.metrics": ANYBODY,
    "health.ready": ANYBODY,
    "home.card": OWN,
    "home.day": anywhere(Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS),
    "home.export_history": OWN,
    "home.history": OWN,
    "home.mine": OWN,
    "home.name_looks": OWN,
    "home.export_name_looks": OWN,
    "home.start": anywhere(
        Permission.READ_BOOKS, Permission.MANAGE_ACTIVITIES, Permission.CHECK_IN_OTHERS, Permission.OWN_RECORD
    ),
    "lots_api.drop": root(Permission.PROPOSE, names=True),
    "lots_api.get_run": root(*EXPIRY, names=True),
    "lots_api.list_ending": root(*BOOKS),
    "lots_api.list_lots": root(Permission.READ_BOOKS, names=True, owner=True, hidden=True),
    "lots_api.list_runs": root(*EXPIRY),
    "lots_api.prepare": root(Permission.PROPOSE),
    "log_ins_api.change_password": KNOWN,
    "log_ins_api.end_session": OWN_LOG_IN,
    "log_ins_api.list_log_in_attempts": root(*BOOKS),
    "log_ins_api.list_own_attempts": KNOWN,
    "log_ins_api.list_sessions": KNOWN,
    "log_ins_api.prove": KNOWN,
    "log_ins_api.log_out_everywhere": KNOWN,
    "organisations.add_member": MANAGES,
    "organisations.close_place": there(Permission.MANAGE_PLACES),
    "organisations.example": anywhere(Permission.MANAGE_VOLUNTEERS),
    "organisations.export_report": Rule("uploader", (Permission.MANAGE_VOLUNTEERS,)),
    "organisations.export_volunteers": anywhere(Permission.MANAGE_VOLUNTEERS),
    "organisations.go": Rule("uploader", (Permission.MANAGE_VOLUNTEERS,)),
    "organisations.import_report": Rule("uploader", (Permission.MANAGE_VOLUNTEERS,)),
    "organisations.import_volunteers": anywhere(Permission.MANAGE_VOLUNTEERS),
    "organisations.new_code": there(Permission.MANAGE_PLACES),
    "organisations.correct_place": there(Permission.MANAGE_PLACES),
    "organisations.new_place": there(Permission.MANAGE_PLACES),
    "organisations.place": there(Permission.MANAGE_PLACES, Permission.MANAGE_VOLUNTEERS),
    "organisations.export_place": there(Permission.MANAGE_PLACES, Permission.MANAGE_VOLUNTEERS),
    "organisations.places": anywhere(Permission.MANAGE_PLACES, Permission.MANAGE_VOLUNTEERS),
    "organisations.export_places": anywhere(Permission.MANAGE_PLACES, Permission.MANAGE_VOLUNTEERS),
    "organisations.remove_member": MANAGES,
    "organisations.send_corrected_place": there(Permission.MANAGE_PLACES),
    "organisations.send_new_place": root(Permission.MANAGE_PLACES, names=True),
    "organisations.send_new_team": MANAGES,
    "organisations.team": MANAGES,
    "organisations.export_team": MANAGES,
    "organisations.upload": MANAGES,
    "organisations_api.add_place": root(Permission.MANAGE_PLACES, names=True),
    "organisations_api.add_team": MANAGES,
    "organisations_api.correct_place": there(Permission.MANAGE_PLACES),
    "organisations_api.get_place": KNOWN_THING,
    "organisations_api.get_team": KNOWN_THING,
    "organisations_api.join_team": MANAGES,
    "organisations_api.list_places": KNOWN,
    "organisations_api.list_teams": KNOWN,
    "organisations_api.nearest": KNOWN,
    "people.ask_revoke_role": there(Permission.MANAGE_STAFF),
    "people.card": ANYBODY,
    "people.change_password": KNOWN,
    "people.change_status": MANAGES,
    "people.contact": MANAGES,
    "people.send_contact": MANAGES,
    "people_api.set_contact": MANAGES,
    "people.credential_events": KNOWN,
    "people.export_credential_events": KNOWN,
    # Volunteers read there that it is for staff.
    "people.factor": KNOWN,
    "people.begin_factor": KNOWN,
    "people.confirm_factor": KNOWN,
    "people.end_factor": KNOWN,
    "people.print_recovery_codes": KNOWN,
    "people.lost_factor": OF_STAFF,
    "people.send_lost_factor": OF_STAFF,
    "people.staff_household": OF_STAFF,
    "people.send_staff_household": OF_STAFF,
    "people.send_factor": ANYBODY,
    "people.end_log_in": OWN_LOG_IN,
    "people.first_password": ANYBODY,
    "people.log_in": ANYBODY,
    "people.log_in_attempts": root(*BOOKS),
    "people.export_log_in_attempts": root(*BOOKS),
    "people.my_log_in_attempts": KNOWN,
    "people.export_my_log_in_attempts": KNOWN,
    "people.log_ins": KNOWN,
    "people.log_out": ANYBODY,
    "people.log_out_everywhere": KNOWN,
    "people.new_code": OF_STAFF,
    "people.new_staff": anywhere(Permission.MANAGE_STAFF),
    "people.new_volunteer": anywhere(Permission.MANAGE_VOLUNTEERS),
    "people.print_activation_code": MANAGES,
    "people.print_approved_code": Rule("uploader", DECIDERS),
    "people.print_card": MANAGES,
    "people.revoke_card": MANAGES,
    "people.revoke_role": there(Permission.MANAGE_STAFF),
    "people.send_center": ANYBODY,
    "people.send_first_password": ANYBODY,
    "people.send_log_in": ANYBODY,
    "people.send_new_code": OF_STAFF,
    "people.send_new_staff": there(Permission.MANAGE_STAFF),
    "people.send_new_volunteer": MANAGES,
    "people.set_household": MANAGES,
    "people.staff": anywhere(Permission.MANAGE_STAFF),
    "people.export_staff": anywhere(Permission.MANAGE_STAFF),
    "people.volunteer": MANAGES,
    "people.export_volunteer": MANAGES,
    "people.volunteers": anywhere(Permission.MANAGE_VOLUNTEERS),
    "people_api.get_volunteer": there(Permission.MANAGE_VOLUNTEERS, owner=True),
    "people_api.issue_card": MANAGES,
    "people_api.list_cards": there(Permission.MANAGE_VOLUNTEERS, owner=True),
    "people_api.list_households": MANAGES,
    "people_api.list_volunteers": anywhere(Permission.MANAGE_VOLUNTEERS),
    "people_api.log_in": ANYBODY,
    "people_api.log_out": KNOWN,
    "people_api.me": KNOWN,
    "people_api.register": MANAGES,
    "people_api.revoke_card": MANAGES,
    "people_api.set_household": MANAGES,
    "points_api.get_account": root(Permission.READ_BOOKS, names=True, owner=True, hidden=True),
    "points_api.get_batch": root(Permission.READ_BOOKS, names=True, owner=True, hidden=True),
    "points_api.get_transfer": root(Permission.READ_BOOKS, names=True, owner=True, hidden=True),
    "points_api.list_accounts": Rule(
        "anywhere", (Permission.OWN_RECORD, Permission.READ_BOOKS, Permission.RAW_LEDGER), names=False
    ),
    "points_api.list_entries": root(Permission.READ_BOOKS, names=True, owner=True, hidden=True),
    "points_api.open_account": root(Permission.RAW_LEDGER),
    "points_api.transfer_all": root(Permission.RAW_LEDGER),
    "preferences.change": ANYBODY,
    "preferences.styleguide": ANYBODY,
    "proof_api.checkpoint": ANYBODY,
    "proof_api.latest_checkpoint": ANYBODY,
    "proof_api.list_checkpoints": ANYBODY,
    "proof_api.list_keys": ANYBODY,
    "proof_api.prove_batch": ANYBODY,
    "proof_api.prove_consistency": ANYBODY,
    "rules.new_version": root(Permission.MANAGE_RULES),
    "rules.send_new_version": root(Permission.MANAGE_RULES),
    "rules.versions": KNOWN,
    "rules.export_versions": KNOWN,
    "rules_api.add_rule": root(Permission.MANAGE_RULES),
    "rules_api.list_rules": KNOWN,
    "shelf_api.add_item": KEEPS,
    "shelf_api.correct_item": KEEPS,
    "shelf_api.correct_shop": KEEPS,
    "shelf_api.list_items": KNOWN_THING,
    "shelf_api.list_shops": KNOWN,
    "shelf_api.list_stock": there(Permission.TILL, *SHELF),
    "shelf_api.open_shop": KEEPS,
    "shelf_api.put_on_shelf": KEEPS,
    "shelf_api.set_price": KEEPS,
    "shelf_api.take_in": there(Permission.GOODS_IN),
    "shop.ask_void": hidden(Permission.TILL),
    "shop.change_price": KEEPS,
    "shop.check_receipt": ANYBODY,
    "shop.correct_item": KEEPS,
    "shop.correct_shop": KEEPS,
    "shop.deliveries": there(*SHELF),
    "shop.export_deliveries": there(*SHELF),
    "shop.delivery": there(*SHELF),
    "shop.export_delivery": there(*SHELF),
    "shop.export_receipts": anywhere(*RECEIPT),
    "shop.item": there(*SHELF),
    "shop.export_item": there(*SHELF),
    "shop.new_delivery": there(Permission.GOODS_IN),
    "shop.new_item": KEEPS,
    "shop.new_shop": anywhere(Permission.MANAGE_SHOP),
    "shop.open_or_close": KEEPS,
    "shop.pay": OWN,
    "shop.receipt": hidden(*RECEIPT, owner=True),
    "shop.receipts": anywhere(*RECEIPT),
    "shop.send_corrected_item": KEEPS,
    "shop.send_corrected_shop": KEEPS,
    "shop.send_new_delivery": there(Permission.GOODS_IN),
    "shop.send_new_item": KEEPS,
    "shop.send_new_shop": KEEPS,
    "shop.shelf": anywhere(*SHELF),
    "shop.export_shelf": anywhere(*SHELF),
    "shop.shelf_of": there(*SHELF),
    "shop.export_shelf_of": there(*SHELF),
    "shop.show_or_hide": KEEPS,
    "shop.till": anywhere(Permission.TILL),
    "shop.till_at": SELLS,
    "shop.void": hidden(Permission.TILL),
    "shop_api.cancel": SELLS,
    "shop_api.confirm": SELLS,
    "shop_api.get_one": hidden(*RECEIPT, owner=True),
    "shop_api.get_receipt": hidden(*RECEIPT, owner=True),
    "shop_api.hold": SELLS,
    "shop_api.issue_payer_code": OWN,
    "shop_api.list_all": anywhere(Permission.OWN_RECORD, *RECEIPT),
    "shop_api.open_cart": SELLS,
    "shop_api.set_lines": SELLS,
    "shop_api.void": SELLS,
}
