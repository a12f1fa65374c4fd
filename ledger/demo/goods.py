"""Goods on the shelves of the demonstration: one point is worth about one yuan."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Good:
    """An item: `points` is its price in minor units, `keeps_days` its shelf life, 0 if it doesn't spoil.

    `liked` is how often people choose it. A `scarce` item isn't restocked in the last months and falls to `floor`
    pieces.
    """

    name: str
    spec: str
    category: str
    points: int
    stock: int = 40
    keeps_days: int = 0
    liked: int = 3
    scarce: bool = False
    floor: int = 0


GOODS: tuple[Good, ...] = (
    Good("东北大米", "5 kg/袋", "粮油", 3000, keeps_days=365, liked=4),
    Good("特一面粉", "5 kg/袋", "粮油", 2200, keeps_days=270, liked=3),
    Good("菜籽油", "1.8 L/瓶", "粮油", 2800, keeps_days=540, liked=3),
    Good("花生油", "900 ml/瓶", "粮油", 1900, keeps_days=540, liked=3),
    Good("杂粮挂面", "800 g/把", "粮油", 600, keeps_days=365, liked=6),
    Good("黄小米", "1 kg/袋", "粮油", 900, keeps_days=365, liked=4),
    Good("绿豆", "500 g/袋", "粮油", 650, keeps_days=365, liked=2),
    Good("加碘食盐", "400 g/袋", "调味", 200, stock=70, keeps_days=1000, liked=9),
    Good("生抽酱油", "500 ml/瓶", "调味", 750, keeps_days=540, liked=5),
    Good("陈醋", "500 ml/瓶", "调味", 600, keeps_days=720, liked=5),
    Good("白砂糖", "500 g/袋", "调味", 450, keeps_days=720, liked=4),
    Good("花椒", "50 g/袋", "调味", 500, keeps_days=540, liked=2),
    Good("鸡精", "200 g/袋", "调味", 550, keeps_days=540, liked=2),
    Good("榨菜", "70 g×5 袋", "食品", 500, keeps_days=300, liked=3),
    Good("纯牛奶", "200 ml×12 盒", "食品", 3600, stock=8, keeps_days=180, liked=3),
    Good("鸡蛋", "30 枚/板", "食品", 1800, stock=16, keeps_days=30, liked=6),
    Good("红枣", "500 g/袋", "食品", 1200, keeps_days=300, liked=2),
    Good("早餐饼干", "400 g/盒", "食品", 900, keeps_days=270, liked=3),
    Good("茉莉花茶", "100 g/罐", "食品", 1500, keeps_days=540, liked=2),
    Good("洗衣液", "2 kg/瓶", "日化", 1600, liked=5),
    Good("洗衣粉", "1.5 kg/袋", "日化", 1100, liked=4),
    Good("洗洁精", "1 kg/瓶", "日化", 600, stock=20, liked=7, scarce=True, floor=4),
    Good("透明皂", "202 g×2 块", "日化", 500, stock=24, liked=7, scarce=True, floor=3),
    Good("洁厕剂", "500 g/瓶", "日化", 550, liked=3),
    Good("蚊香", "5 盘/盒", "日化", 350, liked=3),
    Good("垃圾袋", "100 只/卷", "日化", 400, liked=5),
    Good("香皂", "115 g×3 块", "洗护", 800, liked=5),
    Good("牙膏", "120 g/支", "洗护", 600, liked=6),
    Good("牙刷", "2 支/卡", "洗护", 400, liked=6),
    Good("洗发水", "750 ml/瓶", "洗护", 1900, liked=3),
    Good("护手霜", "50 g/支", "洗护", 500, liked=3),
    Good("纯棉毛巾", "34×72 cm", "洗护", 800, liked=6),
    Good("抽纸", "120 抽×6 包", "纸品", 900, stock=12, liked=8, scarce=True),
    Good("卷纸", "10 卷/提", "纸品", 1400, liked=6),
    Good("手帕纸", "10 包/条", "纸品", 300, liked=6),
    Good("不锈钢汤锅", "24 cm", "厨具", 4900, stock=12, liked=1),
    Good("炒菜铲", "1 把", "厨具", 900, stock=20, liked=1),
    Good("保鲜盒", "3 件套", "厨具", 1300, stock=20, liked=2),
    Good("保温杯", "500 ml", "厨具", 2900, stock=15, liked=2),
    Good("搪瓷脸盆", "36 cm", "厨具", 1500, stock=20, liked=2),
    Good("作业本", "10 本/包", "文具", 500, liked=4),
    Good("中性笔", "12 支/盒", "文具", 600, liked=4),
    Good("书包", "小学生用", "文具", 3900, stock=10, liked=1),
    Good("手电筒", "充电式", "家用", 2500, stock=15, liked=2),
    Good("电热水壶", "1.7 L", "家用", 5900, stock=8, liked=1),
    Good("雨伞", "三折", "家用", 1800, stock=20, liked=2),
    Good("劳保手套", "12 双/打", "农资", 1000, liked=4),
    Good("蔬菜种子", "5 种/包", "农资", 500, keeps_days=365, liked=4),
)
