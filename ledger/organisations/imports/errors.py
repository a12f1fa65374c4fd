"""Refusals of an imported list: the file as a whole, or one cell. Texts of cells may name {value}."""

from ledger.kernel.errors import ErrorText, register

register(
    "import",
    {
        "unreadable": ErrorText(
            422, "这个文件打不开", "The file can't be read",
            "请用 Excel（xlsx）或者 CSV 文件；有密码的请先去掉密码", "Use an Excel (xlsx) or CSV file; remove a password first",
        ),
        "empty": ErrorText(
            422, "文件里没有人", "There is nobody in the file",
            "第一行写列名（姓名、手机……），下面一行一个人", "Put the column names in the first line and one person in each line below",
        ),
        "too_large": ErrorText(
            413, "文件太大", "The file is too large",
            "最多 {most_mib} MB，请分成几个文件", "At most {most_mib} MiB; split it into several files",
        ),
        "too_many_rows": ErrorText(
            422, "一次最多 {most} 人", "At most {most} people at once",
            "请分成几个文件", "Split it into several files",
        ),
        "unpacks_too_large": ErrorText(
            422, "文件打开以后太大", "The file becomes too large when it is unpacked",
            "请把名单复制到一个新的表格里再上传", "Copy the list into a new workbook and upload that",
        ),
        "cell_far_away": ErrorText(
            422, "{cell} 这一格还有内容，离名单太远", "There is something in the cell {cell}, far beyond the list",
            "请删掉名单下面和右边多余的行和列，存好再上传；也可以把名单复制到一个新的表格里",
            "Delete the rows below the list and the columns beside it, save it and upload it again; or copy the list into a new workbook",
        ),
        "quote_open": ErrorText(
            422, "第 {row} 行有一个引号没有配对，下面的行都被它吃进去了", "A quotation mark in line {row} is never closed, and takes in the lines below it",
            "请在这一行补上或者删掉引号", "Close or remove the quotation mark in that line",
        ),
        "name_column_missing": ErrorText(
            422, "没有“姓名”这一列", "There is no column for the name",
            "请在第一行写列名：姓名、性别、手机、身份证后四位、所属队伍、所属站点、户编号、志愿者编号",
            "Name the columns in the first line: name, gender, phone, id last 4, team, station, household, volunteer number",
        ),
        "sheet_unknown": ErrorText(
            422, "没有这张工作表；有的是：{sheets}", "There is no such sheet; there are: {sheets}",
            "请照着写工作表的名字，或者空着", "Write the name of one of them, or leave it empty",
        ),
        "unanswered": ErrorText(
            422, "还有 {count} 个问题没有回答，一个人也没有导入", "{count} question(s) are not answered; nobody was imported",
            "请看一看，是这样就勾上；不是就改好文件再上传", "Tick each if it is so; otherwise correct the file and upload it again",
        ),
        "changed_since": ErrorText(
            409, "看过以后登记的人变了，一个人也没有导入", "Since you looked, the people registered have changed; nobody was imported",
            "请再看一遍，再导入", "Look at it again, then import",
        ),
        "cell_error": ErrorText(
            422, "这一格是出错的公式", "The cell shows an error",
            "请改好公式，或者直接填内容", "Correct the formula, or type the value",
        ),
        "formula": ErrorText(
            422, "这一格的公式还没有算出结果", "The cell has a formula without a result",
            "请用 Excel 打开，存一次再上传；也可以直接填内容", "Open the file in Excel and save it once; or type the value",
        ),
        "merged": ErrorText(
            422, "合并的单元格，看不出是谁的", "Merged cells: it is unclear whose value it is",
            "请取消合并，每一行各填各的", "Unmerge them and fill in each line",
        ),
        "number_cut": ErrorText(
            422, "Excel 把号码当成了数，后面的数字没有了", "Excel has taken the number for a figure, and its last digits are lost",
            "请把这一列设成文本，再照原来的填一遍；系统不猜号码", "Format the column as text and type the number again; nothing is guessed",
        ),
        "two_names": ErrorText(
            422, "这一格不止一个人：{parts}", "There are several people in the cell: {parts}",
            "请一人一行", "Write each person in a line of their own",
        ),
        "column_twice": ErrorText(
            422, "“{column}”这一列有两个", "The column “{column}” is there twice",
            "请删掉一个", "Remove one of them",
        ),
        "has_errors": ErrorText(
            422, "有 {count} 处不对，一个人也没有导入", "{count} cell(s) are wrong; nobody was imported",
            "请照名单改好文件，再导入一次", "Correct the file as listed and import it again",
        ),
        "draft_not_found": ErrorText(
            404, "这次导入已经办完或者过期", "This import is done or too old",
            "请重新上传文件", "Upload the file again",
        ),
        "name_empty": ErrorText(
            422, "没有填姓名", "The name is missing",
            "请填姓名，或者删掉这一行", "Fill in the name, or remove the line",
        ),
        "id_number_whole": ErrorText(
            422, "填了整个身份证号", "The whole identity number is given",
            "只留后四位，整个号码不要交给系统", "Keep the last four only; the system must not have the whole number",
        ),
        "namesakes": ErrorText(
            422, "第 {other_row} 行也叫这个名字，分不清是不是同一个人", "Line {other_row} has the same name, and nothing tells whether it is the same person",
            "是两个人，各写上手机、户编号或者志愿者编号；是一个人，写在一行，几支队伍用“、”隔开",
            "Two people: write a phone, household or volunteer number beside each; one person: one line, teams with a comma between them",
        ),
        "namesakes_known": ErrorText(
            422, "登记了几个叫这个名字的人，分不清是哪一个", "Several people of this name are registered, and nothing tells which one is meant",
            "请写上手机、户编号或者志愿者编号", "Write their phone, household or volunteer number",
        ),
        "person_again": ErrorText(
            422, "和第 {other_row} 行是同一个人", "The same person as in line {other_row}",
            "请写在一行，几支队伍用“、”隔开；不是同一个人，就核对姓名和号码", "Write one line, teams with a comma between them; for somebody else, check name and number",
        ),
        "number_invalid": ErrorText(
            422, "志愿者编号不对", "The volunteer number can't be right",
            "请填系统里的编号，最多八位数字；新来的人空着", "Write the number as it is in the system, up to eight digits; leave it empty for new people",
        ),
        "number_unknown": ErrorText(
            422, "没有这个志愿者编号", "There is no volunteer of this number",
            "请核对编号；新来的人空着", "Check the number; leave it empty for new people",
        ),
        "number_of_another": ErrorText(
            422, "这个志愿者编号是另一个名字的", "The volunteer number belongs to another name",
            "请核对姓名和编号；新来的人编号空着", "Check name and number; leave the number empty for new people",
        ),
        "number_twice": ErrorText(
            422, "第 {other_row} 行用了同一个志愿者编号", "Line {other_row} has the same volunteer number",
            "请核对编号；新来的人空着", "Check the number; leave it empty for new people",
        ),
        "phone_of_another": ErrorText(
            422, "这个手机号登记在别的名字下", "The phone number belongs to somebody with another name",
            "请核对姓名和手机号", "Check the name and the number",
        ),
        "phone_twice": ErrorText(
            422, "第 {other_row} 行用了同一个手机号", "Line {other_row} has the same phone number",
            "一个手机号只能登记一个人；没有手机的可以空着", "One number is for one person; leave it empty for anybody who has none",
        ),
        "place_unknown": ErrorText(
            422, "没有这个站点，或者不归您管", "There is no such place, or it is not yours to manage",
            "请核对站点名称，要和系统里的一样", "Write the place's name as it is in the system",
        ),
        "place_closed": ErrorText(
            422, "这支队伍的站点已经撤销", "The team's place is closed",
            "请写另一支队伍，或者在“所属站点”一列写别的站点", "Name another team, or another place in the column of the station",
        ),
        "place_ambiguous": ErrorText(
            422, "有几个站点叫这个名字", "Several places have this name",
            "请分开导入：在页面上先选好站点，这一列空着", "Import them apart: choose the place on the page and leave the column empty",
        ),
        "household_is_date": ErrorText(
            422, "户编号成了日期", "The household number has become a date",
            "表格把 3-17 这样的编号当成了日期，请把这一列设成文本再填", "The spreadsheet takes a number like 3-17 for a date: format the column as text and type it again",
        ),
        "household_differs": ErrorText(
            422, "这个人登记在另一户", "The person is registered in another household",
            "请核对户编号；真的换了户，就在这位志愿者的页面上改", "Check the number; somebody who has really moved is changed on the volunteer's page",
        ),
        "household_takes_two": ErrorText(
            422, "这个人是管理员或者审计员，他的户要两个人才能登记", "This person decides or audits, so it takes two people to write down their household",
            "请把这一格清空再导入，别的行照常；户请管理员在这个人的页面上提，另一位管理员或者审计员批",
            "Empty this cell and import again, the other rows stay; an administrator proposes the household on the person's page, another or an auditor decides",
        ),
        "household_elsewhere": ErrorText(
            422, "这个人不归您管，不能写户编号", "The person is not yours to manage, nor their household",
            "请空着，或者请那个站点的站长来写", "Leave it empty, or ask the manager of their station",
        ),
        "team_unknown": ErrorText(
            422, "没有这支队伍", "There is no such team",
            "请核对名称，或者选“没有的队伍自动新建”", "Check the name, or tick “make the teams that are missing”",
        ),
        "team_ambiguous": ErrorText(
            422, "有几支队伍叫这个名字", "Several teams have this name",
            "请在“所属站点”一列写清楚是哪个站的", "Say in the column of the station which one is meant",
        ),
    },
)  # fmt: skip
