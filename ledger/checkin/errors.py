"""Reasons for refusing a scan: stable codes, in both languages, with what to do next.

Those in `presenter.QUESTIONS` are questions: the scan succeeds when it is sent again with the reason confirmed.
"""

from ledger.kernel.errors import ErrorText, register

register(
    "checkin",
    {
        "dwell_too_short": ErrorText(
            409, "才来了 {minutes} 分钟，就要签退吗", "Checked in only {minutes} min ago: check out already?",
            "真要走就再确认一次；待满 {needed} 分钟不用确认", "Confirm to leave; after {needed} min no confirmation is needed",
        ),
        "open_session_elsewhere": ErrorText(
            409, "还签在{station}的“{activity}”", "Still checked in to {activity} at {station}",
            "确认以后，那边从现在签退，这边签到", "Confirm to check out there and check in here",
        ),
        "not_signed_up": ErrorText(
            422, "没报这个班", "Not signed up for this shift",
            "请先报名，或者请站长加上", "Sign up first, or ask the station manager to add you",
        ),
        "walk_in": ErrorText(
            409, "没报“{activity}”，现在加入吗", "Not signed up for {activity}: join now?",
            "确认以后就签到", "Confirm to check in",
        ),
        "not_checked_in": ErrorText(
            422, "还没签到，不能签退", "Not checked in, so there is nothing to check out of",
            "请先签到；忘了签到请找站长补", "Check in first; if you forgot, ask the station manager",
        ),
        "code_invalid": ErrorText(
            422, "这不是本站的码", "This is not one of our station codes",
            "请扫站里屏幕或墙上的码", "Scan the code on the station's screen or wall",
        ),
        "code_expired": ErrorText(
            422, "这个码过期了", "The code has expired",
            "屏幕上的码每 30 秒换一次，再扫一次就行", "The screen's code changes every 30 seconds: scan again",
        ),
        "code_full": ErrorText(
            422, "屏幕上已经换了新码", "The screen shows a new code by now",
            "再看一眼屏幕，扫现在的码；签到时间按您第一次扫的算", "Look at the screen again and scan what it shows now; the time of your first scan counts",
        ),
        "code_from_future": ErrorText(
            422, "屏幕的时间走快了", "The screen's clock is ahead",
            "请站长校准屏幕的时间，再扫一次", "Ask the station to set its clock, then scan again",
        ),
        "code_revoked": ErrorText(
            422, "这张纸上的码已经换过", "This printed code has been replaced",
            "请扫新贴的码，旧的请撕下", "Scan the new print; take the old one down",
        ),
        "code_used": ErrorText(
            422, "这次扫的码已经有人用过", "This scan of the code was used by somebody else",
            "每人自己扫一次屏幕上的码", "Each person scans the screen once",
        ),
        "clock_wrong": ErrorText(
            422, "这台设备的时间不对", "This device's clock is wrong",
            "请把设备的日期和时间调准，再扫一次", "Set the device's date and time, then scan again",
        ),
        "card_unknown": ErrorText(
            422, "不认识这张卡", "This card is unknown",
            "请输志愿者号，或者换一张凝心的卡", "Type the volunteer number, or use a Ningxin card",
        ),
        "card_revoked": ErrorText(
            422, "这张卡已经挂失", "This card was reported lost",
            "请用新卡；没有新卡请找站长补办", "Use the new card, or ask the station for one",
        ),
        "card_expired": ErrorText(
            422, "这张卡到期了", "This card has expired",
            "请找站长换一张", "Ask the station for a new one",
        ),
        "person_unknown": ErrorText(
            422, "您还不是这里的志愿者", "You are not registered as a volunteer here",
            "请到站里登记", "Register at the station",
        ),
        "person_blocked": ErrorText(
            422, "这位志愿者已停用", "This volunteer is blocked",
            "请联系站长", "Speak to the station manager",
        ),
        "signup_cancelled": ErrorText(
            422, "这个班您已经退了", "Your sign-up was cancelled",
            "想来请重新报名", "Sign up again to take part",
        ),
        "signup_waitlisted": ErrorText(
            422, "这个班您还在候补", "You are on the waiting list",
            "有空位会轮到您，请问站长", "Ask the station manager whether there is a place",
        ),
        "capacity_full": ErrorText(
            422, "这个班人满了", "The shift is full",
            "请选别的班", "Choose another shift",
        ),
        "wrong_station": ErrorText(
            422, "您的班在{station}", "Your shift is at {station}",
            "请到那边扫码", "Scan the code there",
        ),
        "station_closed": ErrorText(
            422, "这里现在没有班", "There is no shift here now",
            "请看看今天的排班；已经签到的可以签退", "Look at today's shifts; whoever is checked in can still check out",
        ),
        "station_needed": ErrorText(
            422, "没说在哪个站", "No station was named",
            "请先选站点", "Choose the station first",
        ),
        "activity_not_approved": ErrorText(
            422, "这个活动还没批准", "The activity is not approved yet",
            "请站长批准以后再扫", "Scan again after it is approved",
        ),
        "activity_cancelled": ErrorText(
            422, "这个活动取消了", "The activity is cancelled",
            "请看看别的班", "Look for another shift",
        ),
        "too_early": ErrorText(
            422, "还没到签到时间，{opens} 起", "Too early: check-in opens at {opens}",
            "现在是 {now}，到时候再扫", "It is {now}; scan again then",
        ),
        "too_late": ErrorText(
            422, "签到时间过了，{closed} 止", "Too late: check-in closed at {closed}",
            "现在是 {now}；来了没签上请找站长补", "It is {now}; if you were there, ask the station manager",
        ),
        "self_proxy": ErrorText(
            422, "不能给自己扫", "You can't scan yourself",
            "请自己用手机扫站里的码，或者请别的店员扫", "Scan the station's code with your phone, or ask a colleague",
        ),
        "proxy_not_allowed": ErrorText(
            403, "您不管这个站的签到", "You don't check people in at this station",
            "请站长给您加上", "Ask the manager for the role",
        ),
        "four_eyes_required": ErrorText(
            403, "要另一个人来审", "Somebody else must decide this",
            "经手的人和本人都不能审自己的", "Neither who entered it nor whom it is for may decide",
        ),
        "same_household": ErrorText(
            403, "同一户的人不能审这一条", "Nobody of the same household may decide on this",
            "您和经手的人或者本人登记在同一户，请另一位站长或上级来审。户登记错了，请别人先在志愿者的页面上改", "You are registered in one household with whoever entered it or whom it is for: ask another manager. If the register is wrong, have somebody else correct it on the volunteer's page first",
        ),
        "scan_not_found": ErrorText(
            404, "没有这次扫码", "There is no such scan",
            "请再扫一次码", "Scan again",
        ),
        "receipt_unknown": ErrorText(
            404, "查不到这张凭证", "There is no such receipt",
            "这个码不是我们出的，或者没有扫全；请再扫一次", "The code is not one of ours, or was not read whole: scan it again",
        ),
        "attendance_not_found": ErrorText(
            404, "没有这次出勤", "There is no such attendance",
            "请核对编号", "Check the id",
        ),
        "wrong_state": ErrorText(
            409, "这次出勤已经办过了", "This attendance has been dealt with meanwhile",
            "请刷新以后再看", "Load it again",
        ),
        "annul_window_closed": ErrorText(
            422, "过了 {minutes} 分钟，不能直接撤销", "It can be annulled only within {minutes} min",
            "请走审核", "Send it to review",
        ),
        "overlap": ErrorText(
            422, "和这个人另一次出勤的时间重叠", "It overlaps another attendance of the same person",
            "请把签退时间改到下一次签到以前", "Set an end before the next check-in",
        ),
        "nothing_to_correct": ErrorText(
            422, "改成这个时间，时长和积分都不变", "With this end neither hours nor points change",
            "请核对实际几点走的；整次不算的，选全部收回", "Check when they really left; to take all of it back, say so",
        ),
        "points_taken_back": ErrorText(
            409, "这次的积分已经收回过", "The points of this attendance were taken back before",
            "只能全部收回；时长记少了，另记一次补录", "It can only be taken back whole",
        ),
        "note_needed": ErrorText(
            422, "不通过要写明理由", "A rejection needs a reason",
            "请写一句本人看得懂的话", "Write a sentence that the volunteer will understand",
        ),
        "end_needed": ErrorText(
            422, "没说实际几点走的", "When they really left is missing",
            "忘了签退的，问过本人或队长，填上几点走的", "For a forgotten check-out, ask them or the team leader, and set the time",
        ),
        "end_out_of_range": ErrorText(
            422, "签退时间要在签到以后、现在以前", "The end must be after the check-in and not in the future",
            "请改时间", "Correct the time",
        ),
    },
)  # fmt: skip
