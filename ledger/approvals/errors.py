"""Refusals of the two-person rule."""

from ledger.kernel.errors import ErrorText, register

register(
    "approvals",
    {
        "not_found": ErrorText(
            404, "没有这一项审批", "There is no such proposal",
            "请从审批的列表里找", "Look for it in the list of approvals",
        ),
        "kind_unknown": ErrorText(
            422, "没有这一类审批", "There is no such kind of proposal",
            "请从这些里选：{allowed}", "Choose one of: {allowed}",
        ),
        "payload_invalid": ErrorText(
            422, "有 {count} 项内容不对", "{count} member(s) of the payload can't be taken",
            "请照每一项的提示改", "Correct the members named in errors",
        ),
        "reason_needed": ErrorText(
            422, "还没有写理由", "The reason is missing",
            "请写清楚为什么，审批的人要看", "Say why: whoever decides reads it",
        ),
        "note_needed": ErrorText(
            422, "不批准要写理由", "A rejection needs a reason",
            "请写清楚为什么，提出的人看得到", "Say why: whoever proposed it reads it",
        ),
        "already_proposed": ErrorText(
            409, "这件事已经有人提了，正等着批", "This has been proposed and waits for a decision",
            "请先批那一项，或者请提出的人撤回", "Decide on that one first, or have it withdrawn",
        ),
        "already_decided": ErrorText(
            409, "这一项已经有了结果", "This has been decided already",
            "请刷新看结果；要改就另提一项", "Load it again to see how; to change it, propose anew",
        ),
        "two_people_needed": ErrorText(
            403, "这一项要另一个人来定", "Somebody else must decide on this",
            "提出的人和本人都不能定，请另一位管理员或者审计员来", "Neither the proposer nor the person it is for may decide: ask another administrator or an auditor",
        ),
        "same_household": ErrorText(
            403, "同一户的人不能定这一项", "Nobody of the same household may decide on this",
            "您和提出的人或者本人登记在同一户，请另一位管理员或者审计员来。户登记错了，请别人先在志愿者的页面上改", "You are registered in one household with whoever proposed it or whom it is for: ask another administrator or an auditor. If the register is wrong, have somebody else correct it on the volunteer's page first",
        ),
        "own_gain": ErrorText(
            403, "不能给自己或者自己家的人提这一项", "Nobody proposes this for themselves or for their own household",
            "提的人和得益的人不能是同一个人或者同一户，请户外的另一位管理员来提，审计员也能批。没有这样的管理员，就先请街道的人来当：一位管理员提，审计员批", "Whoever proposes and whoever gains must not be one person or of one household: ask an administrator of another household to propose it; an auditor may decide. If there is none, have somebody of the sub-district made one first: an administrator proposes, the auditor decides",
        ),
        "proposer_left": ErrorText(
            409, "提的人已经没有这个身份，这一项等于撤回了", "Whoever proposed this has no such role any more, so it counts as withdrawn",
            "还要办，就请有身份的人另提一项", "If it is still wanted, have somebody with the role propose it anew",
        ),
        "not_the_proposer": ErrorText(
            403, "只有提出的人能撤回", "Only the person who proposed it can withdraw it",
            "不同意就选“不批准”，写上理由", "If you disagree, reject it and say why",
        ),
    },
)  # fmt: skip
