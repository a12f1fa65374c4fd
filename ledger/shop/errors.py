"""Refusals of the counter; each leaves ledger and stock unchanged."""

from ledger.kernel.errors import ErrorText, register

register(
    "shop",
    {
        "code_expired": ErrorText(
            422, "付款码过期了", "The code has expired",
            "请志愿者刷新付款码，再扫一次", "Ask the member to refresh the code and scan again",
        ),
        "code_used": ErrorText(
            422, "这个付款码用过了", "The code has been used",
            "请志愿者刷新付款码，再扫一次", "Ask the member to refresh the code and scan again",
        ),
        "code_revoked": ErrorText(
            422, "这个付款码作废了", "The code is no longer good",
            "请志愿者刷新付款码，再扫一次", "Ask the member to refresh the code and scan again",
        ),
        "code_malformed": ErrorText(
            422, "这不是凝心的付款码", "This is not a Ningxin code",
            "请志愿者打开凝心，点“付款码”", "Ask the member to open Ningxin and choose the pay code",
        ),
        "code_other_system": ErrorText(
            422, "这是付钱的码", "This code pays money, not points",
            "请志愿者打开凝心，点“付款码”。刚才那串数没有存", "Ask for the Ningxin code; the digits were not stored",
        ),
        "code_is_good": ErrorText(
            422, "这是货物的条码，不是付款码", "This is a barcode of goods, not a pay code",
            "请先扫志愿者的付款码", "Scan the member's pay code first",
        ),
        "code_is_card": ErrorText(
            422, "这是志愿者卡，卡不能付款", "This is a volunteer's card; a card doesn't pay",
            "请志愿者打开凝心，点“付款码”", "Ask the member to open Ningxin and choose the pay code",
        ),
        "code_is_receipt": ErrorText(
            422, "这是小票上的码，不是付款码", "This is the code of a receipt, not a pay code",
            "要查这张小票，请到“小票”里找", "To look the receipt up, go to the receipts",
        ),
        "code_bound_elsewhere": ErrorText(
            409, "这个码正在另一个收银台用", "The code is in use at another till",
            "请在那边办完或取消，再刷新付款码", "Finish or cancel there, then refresh the code",
        ),
        "member_frozen": ErrorText(
            422, "这位志愿者已停用，不能兑换", "This member is blocked",
            "请联系站长", "Speak to the station manager",
        ),
        "points_insufficient": ErrorText(
            422, "还差 {short_points} 分", "{short_points} points short",
            "一共 {need_points}，可用 {available_points}，占用 {held_points}。没有扣分，去掉几样再试",
            "Total {need_points}, available {available_points}, held {held_points}. Nothing was taken; remove something",
        ),
        "stock_short": ErrorText(
            422, "{item}只剩 {left}", "Only {left} of {item} left",
            "请改数量。没有扣分", "Lower the quantity. Nothing was taken",
        ),
        "sold_out": ErrorText(
            422, "{item}换完了", "{item} is sold out",
            "请从购物车里去掉。没有扣分", "Remove it from the cart. Nothing was taken",
        ),
        "held_by_others": ErrorText(
            422, "{item}被别的单占着，到 {until}", "Others hold {item} until {until}",
            "现在还能换 {left}。请到时候再试，或者改数量。没有扣分", "{left} can be taken now. Try again then, or lower the quantity. Nothing was taken",
        ),
        "item_off_shelf": ErrorText(
            422, "{item}已经下架", "{item} is off the shelf",
            "请从购物车里去掉", "Remove it from the cart",
        ),
        "item_unknown": ErrorText(
            422, "货架上没有这样东西", "This shop has no such item",
            "请刷新货架", "Load the shelf again",
        ),
        "cart_empty": ErrorText(
            422, "还没选东西", "The cart is empty",
            "请先选要换的东西", "Choose something first",
        ),
        "quote_stale": ErrorText(
            409, "价格刚改过", "A price has just changed",
            "请重新算一遍，和志愿者说一声", "Price the cart again and tell the member",
        ),
        "hold_expired": ErrorText(
            409, "放得太久，已经自动取消", "Held for too long; it was released",
            "没有扣分。请重新扫付款码", "Nothing was taken. Scan a new code",
        ),
        "already_confirmed": ErrorText(
            409, "这一单已经确认过", "This redemption has been confirmed",
            "小票号 {receipt}，不要再扣", "Receipt {receipt}; do not charge again",
        ),
        "already_released": ErrorText(
            409, "这一单已经取消", "This redemption was released",
            "没有扣分。请重新扫付款码", "Nothing was taken. Scan a new code",
        ),
        "wrong_state": ErrorText(
            409, "这一单现在办不了这一步", "The redemption is not in a state for that",
            "请刷新以后再看", "Load it again",
        ),
        "void_window_closed": ErrorText(
            422, "过了当天，不能作废", "The day of the sale is over, so it can't be voided",
            "请走退货，要两个人办", "Use a refund, which takes two people",
        ),
        "clerk_self_dealing": ErrorText(
            422, "不能给自己兑换", "You can't serve yourself",
            "请别的店员来办", "Ask another clerk",
        ),
        "shop_closed": ErrorText(
            422, "这家店已经关了", "The shop is closed",
            "请到别的店", "Use another shop",
        ),
        "shop_not_found": ErrorText(
            404, "没有这家店", "There is no such shop",
            "请核对编号", "Check the id",
        ),
        "item_exists": ErrorText(
            422, "货架上已经有同名同规格的东西", "The shelf has an item of this name and size",
            "请改名称或规格，或者直接入库", "Change the name or size, or take goods in",
        ),
        "barcode_taken": ErrorText(
            422, "{item}已经用这个条码", "{item} has this barcode already",
            "请核对条码，或者留空", "Check the barcode or leave it empty",
        ),
        "barcode_misread": ErrorText(
            422, "条码有一位不对", "A digit of the barcode is wrong",
            "请对着包装再扫一次，或者逐位核对", "Scan the packet again, or check it digit by digit",
        ),
        "barcode_not_goods": ErrorText(
            422, "这不是货物的条码", "This is not a barcode of goods",
            "请扫包装上的条码，没有就留空", "Scan the barcode on the packet, or leave this empty",
        ),
        "item_not_found": ErrorText(
            404, "没有这样东西", "There is no such item",
            "请核对编号", "Check the id",
        ),
        "goods_in_empty": ErrorText(
            422, "入库单上还没有东西", "The delivery has no goods",
            "请至少填一行", "Fill in one line at least",
        ),
        "short_name_invalid": ErrorText(
            422, "简称要 2 到 8 个字母或数字", "A short name is 2 to 8 letters or digits",
            "如 LY", "For example LY",
        ),
        "short_name_taken": ErrorText(
            422, "别的店已经用这个简称", "Another shop has this short name",
            "请换一个，小票号才不会重", "Choose another, so that no two receipts have one number",
        ),
        "short_name_printed": ErrorText(
            422, "开过小票，简称不能改了", "Receipts have been printed with the short name, so it stays",
            "店名还可以改", "The name can still be corrected",
        ),
        "receipt_number_invalid": ErrorText(
            422, "这不是小票号", "This is not the number of a receipt",
            "请照小票上的写，如 LY-2026-000318", "Write it as it is printed: LY-2026-000318",
        ),
        "receipt_not_found": ErrorText(
            404, "这不是我们开的小票", "This is not a receipt of ours",
            "查不到这张小票，可能是假的，也可能扫错了码。请到店里核对", "There is no such receipt; it may be forged, or another code was scanned. Ask at the shop",
        ),
        "redemption_not_found": ErrorText(
            404, "没有这一单", "There is no such redemption",
            "请核对编号", "Check the id",
        ),
        "goods_in_not_found": ErrorText(
            404, "没有这张入库单", "There is no such delivery",
            "请核对编号", "Check the id",
        ),
    },
)  # fmt: skip
