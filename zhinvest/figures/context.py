"""What the words around a span say of it: bound, period, currency, and what a list shares.

`before` and `after` are the text in front of the span and behind it, in reading form.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from zhinvest.figures.quantities import PERIODS, UNNAMED, Quantity, read_quantity
from zhinvest.figures.tables import (
    BEHIND,
    FRONT,
    bound_words,
    bounds,
    currencies,
    one_of,
)

_NUMERAL: Final = "0-9〇零一二两三四五六七八九十几数"
_RATE_WORDS: Final = (
    "(?:每[年月天日]|(?:[年月日]|一年|一天)(?:产能力|产能|产量|产|处理能力|处理|加工|吞吐|生产)?)"
)

_BETWEEN: Final = (
    "(?:人民币|总投资额?|投资额?|资金|出资|投入|预计|预算|需要|需|达到|为|是|了|达|合|占|计|在|有|至|到|可|能|会|将|共"
    "|要|可以|折合?|兑|等值|给予|一次性|奖励|补助|补贴|获得?|增加|新增|完成|形成|生产|处理|出"
    "|每(?:吨|公?斤|千克|磅|盎司|桶|股|亩|平方米|立方米|千瓦时|千瓦|度|户|人|家)"
    f"|{_RATE_WORDS}|[:：\"'(])*"
)
"""Words between the one that sets a bound and the number."""

_CEILING: Final = re.compile(
    f"(?<!历史)(?P<word>最高|最多|上限(?=额度|金额|标准|为|是))(?:一次性|[^{_NUMERAL}百千万亿,。;!?、的\n]){{1,8}}$"
)
"""A ceiling with what is granted between: 最高给予, 最高可获得补贴, 上限额度为."""

_SENTENCE_ENDS: Final = "。;!?\n"
_OTHER_MATTER: Final = re.compile(
    "投资|注册资本|总投|造价|项目|举办|签约|(?<![人架辆艘台车船依首历])次"
)
"""What ends the reach of a period: 年产10万吨项目总投资5亿元, 每年只有两次."""

_DATED_YEAR: Final = f"{_NUMERAL}多今去明本当全近这上末每历常次翌同往早前半周新首那昨财青/"
_DATED_MONTH: Final = f"{_NUMERAL}今当本上下个该每近岁蜜满日月/"
_DATED_DAY: Final = f"{_NUMERAL}今昨明当近同即节假作生风每次往平抗月易上首半百准割庆约联昔料瓦福/"
"""What makes 年, 月 or 日 behind it a date, a stretch of the calendar or another word."""

_NO_DAY: Final = (
    "前电内报本元圆晚上下后起间常益程化光夜历立照韩企系美中德法俄英欧方语文式军媒商资共期子联月评抛"
)
_NO_MONTH: Final = "份底末初内中日以亮球饼季嫂台度前后出报之月"
_NO_YEAR: Final = "前底末初内间后以来代份级轻会报终月日龄限夜"

_RATE: Final = re.compile(
    f"""
      (?P<every_year> 每年 )
    | (?P<every_month> 每个?月 )
    | (?P<every_day> 每[天日] )
    | (?P<hour> 每小时 | 小时处理 | 小时产 | (?<!同)时产 | 时薪 )
    | (?P<week> 每周 | 每个?星期 | 周均 | (?<!上)周产 | 周薪 )
    | (?P<{UNNAMED}>
        每[{_NUMERAL}]{{0,3}}个? (?: 半年 | 季度? | 旬 | 分钟 | 秒 )
        | 每(?!一)[{_NUMERAL}]{{1,3}}个? (?: 年 | 月 | 周 | 星期 | [天日] | 小时 )
        | 季均
      )
    | (?P<year>
        (?<![去今明全]) 年均 (?!增)
        | (?<![第近过去上那这哪有]) (?<!(?<!码)头) 一年 (?![来内前后多])
        | (?: (?<=接近) | (?<=如今) (?=年[产销营货供]) | (?<![{_DATED_YEAR}]) ) 年
          (?! [{_NUMERAL}{_NO_YEAR}] | 货(?!运) | 度(?:计划|目标|报告) | $ )
      )
    | (?P<month>
        (?<![第去近]) 一个月 (?![来内前后里])
        | (?: (?<=[如现]今) | (?<=眼下) | (?<![{_DATED_MONTH}]) ) 月
          (?! [{_NUMERAL}{_NO_MONTH}] | $ )
      )
    | (?P<day>
        (?<![第近前昨今]) 一天 (?![内前后])
        | (?: (?<=个月) | (?<![{_DATED_DAY}]) ) 日 (?! [{_NUMERAL}{_NO_DAY}] | $ )
      )
    """,
    re.VERBOSE,
)
"""Words that say what period a figure is for; `every` ones of a capacity reach beyond their clause.

Those of a quarter, a minute, a second or several periods say one that has no name.
"""

_RATE_BEHIND: Final = re.compile(
    rf"(?:/[^\s/,。、;]{{1,3}})?/(?P<unit>{one_of(tuple(PERIODS))})(?![A-Za-z])"
    "|(?:的|[^,。;\n]{0,4}的)?(?P<word>[年月日])"
    "(?=产|销售|营业|营收|收入|税|利|处理|吞吐|加工|发电|租|分拣|研制|生产|供)"
)

_UNIT_BETWEEN: Final = r"(?:/[^\s,。、;0-9]{1,3}|\([^()]{1,6}\))?"
_SEPARATOR: Final = (
    "(?:以及|、|,|和|与|及|或|分别|/(?=[0-9])"
    "|(?:增长|增加|提高|提升|扩大|下降|减少|上升|跃升|[增升降扩])[到至])"
)
_LISTED: Final = re.compile("[0-9]+(?=、[0-9]{3}(?![0-9]))")
"""An item of a list that, read by itself, could be the thousands of a number: 80、120万."""
_NEAR: Final = 24
"""A bound or a currency stands within so many characters in front of the number."""
_STEPS: Final = 8
"""So many items of a list are looked at for what they share."""


def bound_before(before: str) -> str | None:
    """Return the bound that the words in front of the number set, if they do."""
    match = _front().search(before, max(0, len(before) - _NEAR))
    if match is None and ("最" in before or "上限" in before):
        match = _CEILING.search(before)
    if match is None and "分别" in before:
        match = _distributed().search(before)
    return bounds(FRONT)[match["word"]] if match else None


def bound_behind(after: str) -> str | None:
    """Return the bound that the words behind the number set, if they do."""
    match = _behind().match(after)
    return bounds(BEHIND)[match["word"]] if match else None


def period_of(before: str, after: str, label: str) -> str | None:
    """Return the period that words around the figure set, such as 年产 or 每天 in front of it."""
    if label == "CAPACITY":  # a further product may follow a comma: 年产10万吨甲醇，5万吨醋酸
        before = before.rstrip(",")
    sentence = max(map(before.rfind, _SENTENCE_ENDS)) + 1
    clause = max(sentence, before.rfind(",") + 1)
    period = None
    # Output of an earlier clause's rate is output of its period; money may well be another sum.
    reaches_far = label == "CAPACITY" and "每" in before[sentence:]
    for match in _RATE.finditer(before, sentence if reaches_far else clause):
        every, _, name = (match.lastgroup or "").rpartition("_")
        if every or match.start() >= clause:
            period = None if _OTHER_MATTER.search(before, match.end()) else name
    if period == UNNAMED and label == "MONEY":  # says when it is paid: 每季度拨付300万元
        period = None
    if period is None and (behind := _RATE_BEHIND.match(after)):
        period = PERIODS[behind["unit"] or behind["word"]]
    return period


def currency_around(before: str, after: str) -> str | None:
    """Return the code of a currency named apart from the amount: 折合港币约6亿元, 5亿元(港币)."""
    bracket = after[1 : after.find(")")] if after.startswith("(") else ""
    if bracket in _foreign():
        return _foreign()[bracket]
    if not before.endswith(_ends_with_currency()):
        return None
    match = _currency_before().search(before, max(0, len(before) - _NEAR))
    return _foreign()[match["name"]] if match else None


def shared_with(after: str, label: str) -> Quantity | None:
    """Return the quantity later in a list that gives the ones before it their unit."""
    position = 0
    for _ in range(_STEPS):
        separator = _separator().match(after, position)
        if separator is None:
            return None
        if item := _LISTED.match(after, separator.end()):
            position = item.end()
            continue
        quantity = read_quantity(after, label, separator.end())
        if quantity is None or quantity.unit is not None:
            return quantity
        position = quantity.number.end
    return None


@cache
def _front() -> re.Pattern[str]:
    return re.compile(f"(?P<word>{bound_words(FRONT)}){_BETWEEN}$")


@cache
def _distributed() -> re.Pattern[str]:
    """Match a word that bounds every item of a list: 分别超过3亿元、5亿元."""
    return re.compile(f"分别[^,。;\n]{{0,4}}?(?P<word>{bound_words(FRONT)})[^,。;\n]*?[、和与及]$")


@cache
def _separator() -> re.Pattern[str]:
    """Match what stands between two items of a list, and a bound of the second."""
    return re.compile(f"{_SEPARATOR}(?:{bound_words(FRONT)})?")


@cache
def _behind() -> re.Pattern[str]:
    return re.compile(rf"{_UNIT_BETWEEN}(?:\(含\)|含)?(?P<word>{bound_words(BEHIND)})")


@cache
def _currency_before() -> re.Pattern[str]:
    return re.compile(
        f"(?<![{_NUMERAL}百千万亿多余])(?P<name>{one_of(tuple(_foreign()))})(?:{bound_words(FRONT)})?$"
    )


@cache
def _ends_with_currency() -> tuple[str, ...]:
    """Return what words end with in which a currency may stand in front of an amount."""
    return tuple({word[-1] for word in (*_foreign(), *bounds(FRONT))})


@cache
def _foreign() -> Mapping[str, str]:
    """Return the codes of other currencies by their names in Han characters."""
    return {
        name: unit.base
        for name, unit in currencies()
        if unit.base != "CNY" and not name.isascii() and len(name) > 1
    }
