"""A baseline of rules alone: what patterns and endings of names can do. Standard library only."""

import re

from .common import Reader, Span

_DIGITS = r"(?:\d+(?:[.,，]\d+)*|[一二两三四五六七八九十百千几数半]+)"
_NUMBER = rf"{_DIGITS}[多余几]?(?:十|百|千)?[多余]?[万亿]*[多余]?"
_RANGE = rf"{_NUMBER}(?:[-—~至到]+{_NUMBER})?"
_CURRENCY = "元人民币|元|美元|欧元|日元|英镑|港元|港币|韩元|澳元|加元|新台币|卢布"
_UNIT = (
    "吨|公斤|千瓦时|度|千瓦|兆瓦|MWh|GWh|MW|GW|kW|千伏安|立方米|标箱|TEU|辆|台套|台|套|片|件|只"
    "|张|块|颗|支|瓶|箱|头|羽|株|人次|架次|机架|P"
)
_PLACE_END = (
    "省|市|县|区|州|镇|乡|村|港|机场|高速|铁路|大桥|水库|电站|电厂|产业园|工业园|开发区|高新区|新区"
    "|产业园区|工业园区|自贸区|半岛|群岛|海峡|盆地|高原|平原|山脉"
)
_ORG_END = (
    "有限责任公司|股份有限公司|有限公司|公司|集团|股份|银行|证券|保险|基金|大学|学院|医院|研究院|研究所"
    "|协会|学会|商会|联盟|委员会|管委会|人民政府|政府|法院|检察院|发改委|工信部|商务部|财政部|商务厅"
    "|财政厅|统计局|税务局|海关|总局|管理局|日报|晚报|新闻社|电视台|通讯社|交易所"
)
_HAN = "[\u4e00-\u9fff]"
_PATTERNS = {
    "MONEY": re.compile(rf"(?:人民币|US\$|HK\$|[$¥€£])?{_RANGE}(?:{_CURRENCY})"),
    "CAPACITY": re.compile(rf"{_RANGE}(?:{_UNIT})(?:/(?:年|月|日|天))?"),
    "ORG": re.compile(rf"{_HAN}{{2,12}}?(?:{_ORG_END})"),
    "PLACE": re.compile(rf"{_HAN}{{1,6}}?(?:{_PLACE_END})+"),
}
_CUT = re.compile(r"^.*(?:[在与和由为的对从向到位于是了将该各全及]|记者|获悉|日前)")


def load(_: str) -> Reader:
    """Return the reader."""
    return lambda texts, batch: [read_text(text) for text in texts]


def read_text(text: str) -> list[Span]:
    """Return the spans of all patterns; where two overlap, the first of MONEY, CAPACITY, ORG."""
    spans: list[Span] = []
    taken = bytearray(len(text))
    for label, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            start, end = match.span()
            if label in ("ORG", "PLACE") and (cut := _CUT.match(match.group())):
                start += cut.end()
            if end - start > 1 and not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                spans.append((start, end, label))
    return sorted(spans)
