"""What is wrong with one field, in the reader's language.

Schemas and forms say it in English, marshmallow among them; here stand the same sentences in Chinese.
"""

import re

from ledger.web.locale import Language, language

_CHINESE = {
    # Marshmallow's own.
    r"Missing data for required field\.": "这一项要填",
    r"Field may not be null\.": "这一项不能空着",
    r"Unknown field\.": "没有这一项",
    r"Invalid value\.|Invalid input\.": "这一项不对",
    r"Invalid type\.|Invalid input type\.": "类型不对",
    r"Not a valid integer\.": "请填整数",
    r"Not a valid number\.": "请填数字",
    r"Number too large\.": "数太大了",
    r"Special numeric values \(nan or infinity\) are not permitted\.": "请填一个有限的数",
    r"Not a valid boolean\.|must be true or false": "请填 true 或者 false",
    r"Not a valid string\.": "请填文字",
    r"Not a valid utf-8 string\.": "文字要用 UTF-8 编码",
    r"Not a valid list\.": "请填一个列表",
    r"Not a valid mapping type\.": "请填一个对象",
    r"Not a valid date\.": "请填日期，如 2026-06-03",
    r"Shorter than minimum length (\d+)\.": r"太短，至少 \1",
    r"Longer than maximum length (\d+)\.": r"太长，最多 \1",
    r"Length must be between (\d+) and (\d+)\.": r"长度要在 \1 到 \2 之间",
    r"Must be greater than or equal to (\S+) and less than or equal to (\S+)\.": r"请填 \1 到 \2",
    r"Must be greater than or equal to (\S+)\.": r"请填 \1 或者更大",
    r"Must be less than or equal to (\S+)\.": r"请填 \1 或者更小",
    r"Must be one of: (.*)\.": r"请从这些里选：\1",
    # The house's.
    r"must be an id": "编号不对",
    r"must be a number": "请填数字",
    r"must be a whole number": "请填整数",
    r"must have at most two decimals": "最多两位小数",
    r"must be degrees, as 36\.48": "请填度数，像 36.48",
    r"must be a day and a time": "请填日期和时间",
    r"must be a time with an offset, as (\S+)": r"请填带时区的时间，如 \1",
    r"must be (\d+) to (\d+) minutes": r"请填 \1 到 \2 分钟",
    r"must be never, rolling:24 or fixed:12-31\+1": "请填 never、rolling:24 或者 fixed:12-31+1 这样的",
    r"must be hours, as (.*)": r"请填小时数，像 \1",
    r"has characters that can't be stored": "有存不了的字符",
    r"send either code or card": "二维码和卡号要填一样，也只能填一样",
    r"give either as_of or effective_until": "as_of 和 effective_until 只填一个",
    r"Only for post and void\.": "只有确认和放掉才填",
}
_PATTERNS = [(re.compile(pattern), chinese) for pattern, chinese in _CHINESE.items()]


def said(message: str, *, in_language: Language | None = None) -> str:
    """The message in the reader's language or the one asked for; one that is not known stays as it is."""
    if (in_language or language()) == "en":
        return message[:1].upper() + message[1:]
    for pattern, chinese in _PATTERNS:
        if found := pattern.fullmatch(message):
            return found.expand(chinese)
    return message
