"""Refusals about people, cards, roles and log-ins, with what to do next."""

from ledger.kernel.errors import ErrorText, register

register(
    "people",
    {
        "name_invalid": ErrorText(
            422, "姓名不能用", "The name can't be used",
            "请填 1 到 {most} 个字的姓名", "Give a name of 1 to {most} characters",
        ),
        "phone_invalid": ErrorText(
            422, "手机号不对", "The phone number is not valid",
            "请核对 11 位手机号；国外号码前面写 + 和国家代码", "Check the number; write one from abroad with + and the country's code",
        ),
        "phone_length": ErrorText(
            422, "手机号要 11 位，这里有 {count} 位", "A mobile number has 11 digits; this one has {count}",
            "请看看是不是漏了或者多了一位", "See whether a digit is missing or too many",
        ),
        "phone_taken": ErrorText(
            422, "这个手机号已经登记过", "Somebody is registered with this phone number",
            "请按这个手机号查找，不要重复登记", "Look the person up by the number; do not register twice",
        ),
        "phone_of_another": ErrorText(
            422, "这个号已经是别人的登录名", "Somebody else logs in with this number",
            "请当面再核对号码", "Check the number once more with the person",
        ),
        "name_differs": ErrorText(
            422, "这个手机号登记在别的名字下", "The phone number belongs to somebody with another name",
            "请核对手机号，姓名要和登记时一样", "Check the number; the name must be the one it was registered with",
        ),
        "list_of_others": ErrorText(
            429, "名单里登记在别的站点的人太多", "Too many people of the list are registered at other places",
            "十分钟里最多查 {most} 人：请分成几个文件，过十分钟再上传；也可以请管全中心的管理员来导入",
            "At most {most} can be looked up in ten minutes: split the list and upload it in ten minutes, or ask who manages the whole center",
        ),
        "gender_invalid": ErrorText(
            422, "性别填得不对", "The gender can't be used",
            "请填男或者女，也可以空着", "Give male or female, or leave it empty",
        ),
        "id_last4_invalid": ErrorText(
            422, "身份证后四位不对", "The last four of the identity number are not valid",
            "请填三位数字加一位数字或 X", "Give three digits and a digit or X",
        ),
        "place_not_found": ErrorText(
            404, "没有这个站点", "There is no such place",
            "请核对站点编号", "Check the place's id",
        ),
        "place_closed": ErrorText(
            409, "这个站点已经撤销", "The place is closed",
            "请选别的站点", "Choose another place",
        ),
        "volunteer_not_found": ErrorText(
            404, "没有这位志愿者", "There is no such volunteer",
            "请核对编号", "Check the number",
        ),
        "identity_not_found": ErrorText(
            404, "没有这个人", "There is no such person",
            "请核对编号", "Check the id",
        ),
        "reason_needed": ErrorText(
            422, "请写明理由", "The reason is missing",
            "请写为什么要看，一句话就够", "Say in one sentence why it is needed",
        ),
        "valid_until_needed": ErrorText(
            422, "外聘审计员要写到哪天为止", "The role of an outside auditor needs its last day",
            "请填约定的最后一天，过了那天身份自己失效", "Give the last day that was agreed on; the role ends by itself",
        ),
        "valid_until_past": ErrorText(
            422, "这一天已经过了", "That day is over",
            "请填今天或以后的日子；不限就空着", "Give today or a later day, or leave it empty for no end",
        ),
        "status_unknown": ErrorText(
            422, "没有这种状态", "There is no such status",
            "请选正常或者停用", "Choose active or blocked",
        ),
        "household_number_invalid": ErrorText(
            422, "户编号不能用", "The household number can't be used",
            "请照村里登记簿上的写，最多 {most} 个字，里面要有数字，比如 柳荫017；不要写人名",
            "Write it as the village's register has it, at most {most} characters with a digit among them; no names",
        ),
        "own_household": ErrorText(
            403, "自己家的人不能自己迁出去", "Nobody takes their own family out of its household",
            "同一户的人不能互相审批，所以要请另一位站长或管理员来改", "People of one household may not decide for one another, so another manager or administrator must change this",
        ),
        "household_takes_two": ErrorText(
            403, "管理员、审计员和同住的人改户要两个人", "It takes two people to change the household of anybody who decides or audits, or who lives with them",
            "一户的人不能互相审批，所以改户请一位管理员提，另一位管理员或者审计员来批；给身份就先照原来登记的户填",
            "People of one household may not decide for one another, so an administrator proposes it and another or an auditor decides; for a role, give the household that is registered",
        ),
        "card_not_found": ErrorText(
            404, "没有这张卡", "There is no such card",
            "请核对卡的编号", "Check the card's id",
        ),
        "role_unknown": ErrorText(
            422, "没有这个身份", "There is no such role",
            "请选：{allowed}", "Choose one of: {allowed}",
        ),
        "role_held": ErrorText(
            409, "这个人在这里已经有这个身份", "The person holds this role here already",
            "不用再加一次", "There is nothing to add",
        ),
        "nothing_counts": ErrorText(
            422, "这个身份在这里什么也办不了，没有加上", "This role may do nothing at this place, so it was not given",
            "审计员只在整个中心才算，请选中心", "An auditor's role counts for the whole center alone: choose the center",
        ),
        "part_counts": ErrorText(
            422, "账本、审批和规则只在中心任命才算，没有加上", "Book, approvals and rules count only for the whole center, so the role was not given",
            "全都要，请选中心；只要在这里管人、活动和超市，请在下面打钩", "Choose the center for all of it; tick below if people, activities and the shop of this place are all that is wanted",
        ),
        "role_not_found": ErrorText(
            404, "没有这个授权", "There is no such grant",
            "请刷新名单再看", "Load the list again",
        ),
        "last_admin": ErrorText(
            409, "这是最后一位管理员，不能取消", "This is the last administrator",
            "请先给另一个人管理员身份", "Give somebody else the role first",
        ),
        "grant_takes_two": ErrorText(
            403, "给管理员、审计员这样的身份要两个人", "It takes two people to grant a role that decides or audits",
            "请在人员的页面上提出来，由另一位管理员或者审计员来批", "Propose it on the page of staff; another administrator or an auditor decides",
        ),
        "code_takes_two": ErrorText(
            403, "给管理员、审计员打激活码要两个人", "It takes two people to make a code for an administrator or auditor",
            "请在人员的页面上提出来，由另一位管理员或者审计员来批，批的人打", "Propose it on the page of staff; another administrator or an auditor approves and prints it",
        ),
        "code_takes_one": ErrorText(
            422, "这个人的激活码不用两个人", "A code for this person does not take two people",
            "请直接打", "Print it directly",
        ),
        "volunteer_elsewhere": ErrorText(
            409, "这个人登记在您管不到的站点做志愿者", "This person volunteers at a place that you do not manage",
            "给身份、打激活码会换掉他的密码。请他登记的站点的管理员，或者管全中心的管理员来办",
            "A role or a code would replace their password: ask an administrator of the place where they are registered, or of the whole center",
        ),
        "contact_takes_two": ErrorText(
            403, "改工作人员的姓名和手机号要两个人", "It takes two people to change the name or number of anybody who works here",
            "请管全中心的管理员在这个人的页面上提出来，由另一位管理员或者审计员来批",
            "An administrator of the whole center proposes it on the person's page; another or an auditor decides",
        ),
        "contact_takes_one": ErrorText(
            422, "这个人的姓名和手机号不用两个人改", "Changing the name or number of this person does not take two people",
            "请直接改", "Change it directly",
        ),
        "contact_same": ErrorText(
            422, "姓名和手机号都没有改", "Neither the name nor the number is changed",
            "请改了再保存", "Change one of them first",
        ),
        "code_not_yours": ErrorText(
            403, "激活码只给批的那个人看", "The code is shown only to the person who approved it",
            "请让批的人来打", "Ask whoever approved it",
        ),
        "code_made": ErrorText(
            409, "这张激活码已经打过了", "The code was made already",
            "每批一次只打一张。丢了请再提一次", "An approval makes one code; propose another if it was lost",
        ),
        "code_over": ErrorText(
            409, "批了超过 24 小时，不能再打", "The approval is more than 24 hours old",
            "请再提一次", "Propose it again",
        ),
        "activation_code_invalid": ErrorText(
            422, "手机号和激活码对不上，或者激活码已过期", "The phone number and the code do not belong together, or the code has expired",
            "请核对纸条；每张纸条只能用一次，7 天内有效，管理员和审计员的 24 小时。不行就请工作人员再打一张",
            "Check the slip; it is good for one use within 7 days, or 24 hours for administrators and auditors. If it fails, ask the staff for a new one",
        ),
        "login_failed": ErrorText(
            401, "手机号或密码不对", "The phone number or the password is wrong",
            "请再试一次；忘了密码就请工作人员打一张新的激活码", "Try again; if you forgot the password, ask the staff for a new activation code",
        ),
        "totp_needed": ErrorText(
            401, "还要动态码", "A code of the second factor is needed",
            "请打验证器里现在的六位数；手机不在身边，就打一个备用码", "Give the six digits that the authenticator shows now, or a recovery code",
        ),
        "totp_wrong": ErrorText(
            401, "动态码不对，或者已经用过", "The code is wrong or was used before",
            "请等验证器换了数再打；手机的时间要准。手机丢了就打一个备用码，都没有就请管理员来",
            "Wait for the next code; the phone's clock must be right. If the phone is lost, give a recovery code, or ask an administrator",
        ),
        "own_totp_wrong": ErrorText(
            422, "动态码不对，或者已经用过", "The code is wrong or was used before",
            "请等验证器换了数再打；手机的时间要准", "Wait for the next code; the phone's clock must be right",
        ),
        "factor_for_staff": ErrorText(
            422, "动态码给工作人员用", "The second factor is for staff",
            "志愿者用密码登录就行", "Volunteers log in with their password",
        ),
        "factor_on": ErrorText(
            409, "动态码已经打开了", "The second factor is on already",
            "要换手机，请先关掉再打开", "To change the phone, turn it off first",
        ),
        "factor_other": ErrorText(
            409, "这一项说的是以前的动态码", "This is about an earlier second factor",
            "本人后来又打开了新的；新的也丢了，就再提一次", "Its owner has turned on another one since; propose it again if that is lost too",
        ),
        "factor_off": ErrorText(
            422, "动态码没有打开", "The second factor is off",
            "没有什么要关的", "There is nothing to turn off",
        ),
        "choose_center": ErrorText(
            409, "您在几个中心都有登录", "You have log-ins in several centers",
            "请选要进的中心", "Choose the center to enter",
        ),
        "center_needed": ErrorText(
            422, "请选中心", "Choose your center",
            "这个手机号在很多中心登记过，请选您要进的中心再登录", "The number is registered in many centers; choose yours and log in again",
        ),
        "setup_over": ErrorText(
            422, "那个二维码过期了，或者用过了", "That code to scan is over, or was used",
            "请再打一次密码，扫新的二维码；验证器里旧的那一项删掉", "Give your password again and scan the new one; delete the old entry in the authenticator",
        ),
        "code_too_late": ErrorText(
            422, "动态码打得太晚了", "The code came too late",
            "密码对了以后五分钟里要打动态码：请再登录一次", "It is asked for within five minutes of the password: please log in again",
        ),
        "ticket_invalid": ErrorText(
            422, "选得太晚了，或者已经选过了", "The choice came too late or was made before",
            "请再输一次手机号和密码", "Log in with phone and password again",
        ),
        "center_unknown": ErrorText(
            403, "您现在不是志愿者，也没有工作人员的身份", "You are no volunteer now, and hold no role",
            "身份可能到期了或者被收回了，请问中心的管理员；还没有登记的，请到站点登记",
            "Your role may have ended or been revoked: ask an administrator of the center. If you never registered, register at a station",
        ),
        "password_too_short": ErrorText(
            422, "密码太短", "The password is too short",
            "请至少用 {least} 个字符", "Use at least {least} characters",
        ),
        "password_too_long": ErrorText(
            422, "密码太长", "The password is too long",
            "请最多用 {most} 个字符", "Use at most {most} characters",
        ),
        "password_too_easy": ErrorText(
            422, "密码太容易猜", "The password is too easy to guess",
            "常见的词、拼音、年份、连着的数字和键盘上挨着的键，凑在一起也容易猜。请换一个，比如把几个不相干的词连起来",
            "Common words, pinyin, years, digits in a row and keys side by side are easy to guess, even put together. "
            "Choose another, say several words that have nothing to do with each other",
        ),
        "password_personal": ErrorText(
            422, "密码里有您的手机号或者姓名", "Your phone number or your name is in the password",
            "认识您的人会先试这些，请换一个", "Anybody who knows you tries them first; choose another",
        ),
        "old_password_wrong": ErrorText(
            422, "现在的密码不对", "The password that you have now is wrong",
            "请再试一次；忘了密码就请工作人员打一张新的激活码，管理员和审计员请另一位管理员在“人员”里提",
            "Try again; if you forgot it, ask the staff for a new activation code. For an administrator or an auditor, another administrator proposes one on the page of staff",
        ),
        "session_not_found": ErrorText(
            404, "您没有这个登录", "You have no such log-in",
            "请刷新名单再看", "Load the list again",
        ),
        "language_unknown": ErrorText(
            422, "没有这种语言", "There is no such language",
            "请选中文或者英文", "Choose Chinese or English",
        ),
    },
)  # fmt: skip
