"""Refusals about places and teams, with what to do next."""

from ledger.kernel.errors import ErrorText, register

register(
    "organisations",
    {
        "center_not_found": ErrorText(
            404, "没有这个中心", "There is no such center",
            "请核对编号", "Check the id",
        ),
        "place_not_found": ErrorText(
            404, "没有这个站点", "There is no such place",
            "请核对站点编号", "Check the place's id",
        ),
        "team_not_found": ErrorText(
            404, "没有这支队伍", "There is no such team",
            "请核对队伍编号", "Check the team's id",
        ),
        "name_invalid": ErrorText(
            422, "名称不能用", "The name can't be used",
            "请填 1 到 {most} 个字", "Give 1 to {most} characters",
        ),
        "kind_not_here": ErrorText(
            422, "这里不能设这一级", "A place of this kind can't be here",
            "中心下面设所和站，所下面设站", "A center has institutes and stations, an institute has stations",
        ),
        "position_invalid": ErrorText(
            422, "经纬度不对", "The position is not valid",
            "请同时填纬度（-90 到 90）和经度（-180 到 180），或者都空着",
            "Give both latitude (-90 to 90) and longitude (-180 to 180), or neither",
        ),
        "place_exists": ErrorText(
            422, "这里已经有同名的站点", "There is a place of this name here already",
            "请换一个名称", "Choose another name",
        ),
        "team_exists": ErrorText(
            422, "这里已经有同名的队伍", "There is a team of this name here already",
            "请换一个名称", "Choose another name",
        ),
        "place_closed": ErrorText(
            409, "这个站点已经撤销", "The place is closed",
            "请选别的站点", "Choose another place",
        ),
        "place_has_open_places": ErrorText(
            409, "下面还有没撤销的站点", "There are open places under it",
            "请先撤销下面的站点", "Close those under it first",
        ),
        "top_place": ErrorText(
            422, "中心本身不能撤销", "The center itself can't be closed",
            "只能撤销所和站", "Only institutes and stations can be closed",
        ),
        "already_in_team": ErrorText(
            409, "已经在这支队伍里", "Already a member of this team",
            "不用再加一次", "There is nothing to add",
        ),
    },
)  # fmt: skip
