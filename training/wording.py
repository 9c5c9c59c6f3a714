"""Words by which `training.lint` knows a faulty span or a missed amount: tables, no code."""

from typing import Final


def _words(table: str) -> tuple[str, ...]:
    return tuple(table.split())


HEADS: Final[dict[str, tuple[str, ...]]] = {
    "ORG": _words("""
        在 与 與 由 和 及 位于 位於 来自 來自 该 該 本
    """),
    "PLACE": _words("""
        在 与 與 由 和 及 于 於 位于 位於 来自 來自 该
    """),
    "MONEY": _words("""
        约 約 近 超 逾 达 達 破 突破 高达 高達 不低于 不低於 不超过 不超過 不少于 不少於 至少
        最高 最低 大约 大約 总 總 共 折合 约合 合计 合計 累计 累計 好几 好幾 将近 將近
    """),
    "CAPACITY": _words("""
        约 約 近 超 逾 达 達 破 突破 高达 高達 不低于 不低於 不超过 不超過 不少于 不少於 至少
        最高 最低 大约 大約 总 總 年产 年產 月产 月產 日产 日產 年 月 日 每 共 合计 累计
    """),
}
"""What a span must not begin with: prepositions, approximators, the period in front."""

TAILS: Final[dict[str, tuple[str, ...]]] = {
    "ORG": _words("""
        书记 書記 主任 董事长 董事長 总经理 總經理 总裁 總裁 负责人 局长 局長 部长 部長 厅长
        廳長 市长 市長 县长 縣長 发言人 等 一行 方面 旗下 项目方 項目方 专班 專班 课题组
        相关处室 平台 APP App app 杂志 雜誌 官微 微信公众号 公众号 项目 項目
    """),
    "PLACE": _words("""
        地区 地區 市区 市區 流域 沿线 沿線 一带 一帶 周边 周邊 境内 境內 段 等 等地 项目 項目
        工程 生产线 生產線 车间 車間 生产基地 生產基地 两岸 兩岸 以北 以南 以东 以西 全境
    """),
    "MONEY": _words("""
        以上 以下 左右 上下 不等 以内 以內 级 級 多 余 餘 有余 出头 出頭 开外 的 资金 資金 钱 錢
    """),
    "CAPACITY": _words("""
        以上 以下 左右 上下 不等 以内 以內 级 級 多 余 餘 有余 出头 出頭 开外 的 规模 規模 产能
        產能
    """),
}
"""What a span must not end with: titles, generic types, vague words."""

EXCEPTIONS: Final = _words("""
    和县 和縣 和田 和平 和龙 和静 和顺 和政 和林 和發 和发 于田 于都 于洪 于潜 由布 本溪 本钢
    本田 车辆段 機務段 机务段 阿里地区 阿克苏地区 阿勒泰地区 大兴安岭地区 喀什地区 塔城地区
""")
"""Beginnings and ends of names that only look like those of HEADS and TAILS."""

GENERIC: Final = _words("""
    政府 管委会 管委會 区委 市委 县委 省委 省政府 市政府 区政府 县政府 市人大 区人大 董事会
    董事會 公司 集团 集團 有关部门 项目方 專班 专班 领导小组 委员会 开发区 開發區 园区 園區 全市
    全省 全县 全区 本地 海外 沿海 境外 我国 我國 全国 全國 国内 國內 中方 中美 南方 北方 欧美
    歐美 内地 內地 大陆 大陸 市区 市區 城区 城區
""")
"""Words without a name, which are never a span by themselves."""

EDGES: Final = tuple("“”‘’\"'《》〈〉「」『』【】，。、；：！？,;:!?·/")
"""Marks with which no span begins or ends."""

CURRENCIES: Final = _words("""
    亿元 万元 元人民币 元人民幣 元 圓 圆 美元 美金 欧元 歐元 日元 日圆 日圓 英镑 英鎊 港元 港币
    港幣 澳门元 澳門元 澳门币 新台币 新臺幣 台币 臺幣 新台幣 人民币 人民幣 韩元 韓元 卢布 盧布
    卢比 盧比 印尼盾 越南盾 泰铢 泰銖 林吉特 令吉 比索 新元 新加坡元 新加坡币 澳元 加元 瑞士法郎
    瑞郎 非洲法郎 法郎 里亚尔 里亞爾 雷亚尔 雷亞爾 迪拉姆 第纳尔 坚戈 堅戈 索姆 苏姆 蘇姆
    图格里克 圖格里克 里拉 福林 兹罗提 克朗 兰特 先令 奈拉 比尔 比爾 克瓦查 宽扎 塞地 瑞尔 瑞爾
    基普 缅元 塔卡 埃及镑 镑 鎊 谢克尔 马纳特 拉里 格里夫纳 列伊 列弗 美分 仙令
    块 塊 索尔 港仙 美仙
""")
"""Currency words after a number; 块 is money unless it counts pieces of something."""

SMALL_CHANGE: Final = r"[毛角分](?=[钱錢])"
"""Parts of a currency, which are money before 钱, and often something else without it."""

LEADING_CURRENCIES: Final = _words("""
    US$ HK$ NT$ MOP RMB USD EUR JPY HKD $ ￥ ¥ € £ 人民币 人民幣 美元 美金 港币 港幣 港元 新台币
    新臺幣 澳門元
""")
"""Currency words glued in front of a number, which belong to the amount."""

NOT_MONEY: Final = (
    r"[一二三四两兩多]元(?=[锂鋰正前材电電乙催高化结結体體方次并])",  # ternary cathodes, equations
    r"元(?=[素件器年旦宵月首老宇])",  # elements, devices, New Year
    r"(?:第?[一两兩几幾半]|[几幾]十)[块塊](?![钱錢多半])",  # pieces
    r"(?<=第)[一二三四五六七八九十]+[块塊]",
)
"""Regular expressions of what looks like an amount, and is none."""
