"""Invented names for places, teams, people and activities. Any resemblance to real people is accidental."""

CENTER = "云溪演示区新时代文明实践中心"
SECOND_ADMIN = "郑淑芳"
HOME_INSTITUTE, HOME_STATION = "青禾镇", "柳荫村"

_FIRST = "青松柳云溪石竹泉桃杏梅枫槐桂兰荷麦谷禾稻金银玉珠龙凤鹤鹭雁鹿星月霞虹晴和安康乐善"
_SECOND = "湾坪沟岭桥塘坡岗滩庄堡园台浦渡川原林泽洲"
TOWN_KINDS = ("镇", "镇", "镇", "乡", "街道")
STATION_KINDS = ("村", "村", "村", "社区")

TEAMS = (
    "理论宣讲队", "邻里守望队", "环境卫生队", "助老服务队", "平安巡逻队", "文艺宣传队", "科技兴农队", "健康义诊队",
    "法律服务队", "护林防火队", "儿童关爱队", "爱心理发队", "红白理事队", "巾帼志愿队", "青年突击队", "应急救援队",
)  # fmt: skip

# Category and its activities.
DEEDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("助老", ("敬老探访", "爱心理发", "帮老人晒被子", "代购代办", "陪老人看病", "包饺子送老人")),
    ("环保", ("清理河道垃圾", "村道清扫", "垃圾分类劝导", "植树护绿", "清除小广告")),
    ("治安", ("社区巡逻", "护学岗", "防火巡查", "平安夜巡", "集市秩序维护")),
    ("文化", ("广场舞教学", "农家书屋整理", "戏曲进村", "写春联送祝福", "露天电影放映")),
    ("助学", ("四点半课堂", "作业辅导", "亲子阅读", "暑期托管", "科普小实验")),
    ("健康", ("量血压义诊", "健康讲座", "急救知识培训", "眼健康筛查")),
    ("农技", ("果树剪枝指导", "大棚技术入户", "农资识假宣传", "秋收帮工")),
    ("便民", ("家电维修", "法律咨询", "政策宣讲", "磨刀补鞋", "便民服务日")),
)
WATCH = ("值守", "平安值守岗")
FLOOD = ("应急", "防汛值守")

SURNAMES = (
    "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓"
    "许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
)
COMMON_SURNAMES = "李王张刘陈杨赵黄周吴徐孙"
WOMEN = "桂兰秀英玉珍淑华丽娟芳敏静燕霞红梅琴萍慧莉雪婷颖洁莲香菊凤云"
MEN = "建国志强永军伟明海峰德胜长福金宝文斌国庆俊杰鹏飞庆生学义万里春生"

SUPPLIERS = ("云溪供销社（演示）", "青禾批发部（演示）", "惠民配送站（演示）")
DONORS = ("热心商户（演示）", "青年商会（演示）", "爱心企业（演示）")
VOID_REASONS = ("拿错了规格", "顾客改了主意", "多扫了一件")
REVIEW_NOTES = ("领队证实到结束才走", "同组两人证实", "签到表上有签字")
EXPIRY_REASON, EXPIRY_NOTE = "去年年底到期的积分，宽限期已过", "看过名单，公告也贴过"
REJECT_NOTES = ("领队说中途走了", "没有人能证实")


def place_names() -> list[str]:
    """Distinct two-character names in an order that looks random."""
    pairs = [first + second for first in _FIRST for second in _SECOND]
    return pairs[::7] + [pair for position, pair in enumerate(pairs) if position % 7]
