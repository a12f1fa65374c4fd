"""Headings that people write above their columns, for the service and for the program that reads the file. Pure."""

import re

from ledger.kernel.characters import normalise

# Lines in which to look for the column names: people write titles above them.
LINES_BEFORE_HEADER = 10
# What a heading says besides its column: spaces, stars, notes in brackets.
DECORATION = r"[（(].*?[)）]|[\s*＊:：_\-]"
ALIASES: dict[str, str] = {
    alias: column
    for column, aliases in {
        "name": "姓名 名字 志愿者姓名 志愿者 name fullname",
        "gender": "性别 gender sex",
        "phone": "手机 手机号 手机号码 电话 联系电话 联系方式 phone phonenumber mobile",
        "id_last4": "身份证后四位 身份证后4位 身份证号后四位 身份证号后4位 证件后四位 idlast4 idlastfour",
        "team": "所属队伍 队伍 队伍名称 志愿队伍 团队 team",
        "place": "所属站点 站点 服务站 所属服务站 所属站所 station place site",
        "household": "户编号 户号 家庭编号 household householdno householdnumber",
        # 编号 alone is most often the line's number in the list.
        "number": "志愿者编号 志愿者号 会员编号 会员号 volunteernumber volunteerno",
    }.items()
    for alias in aliases.split()
}

# Many people have one value here, so that a merged cell means all of its lines.
FILLS = frozenset({"gender", "team", "place", "household"})


def column_of(heading: str) -> str | None:
    """The column that a heading names, None for one that is not ours."""
    return ALIASES.get(re.sub(DECORATION, "", normalise("NFKC", heading)).lower())
