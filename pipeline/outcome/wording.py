"""The wordings that a negotiation over a payment turns on, and how a turn splits into clauses.

Only patterns and small questions about one stretch of text stand here; :mod:`~pipeline.outcome.offers`
reads turns with them, :mod:`~pipeline.outcome.promise` follows a call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Assent(StrEnum):
    """How far a turn agrees with what was said before it."""

    NONE = "none"
    HEARD = "heard"
    """``知道了``: taken note of; confirms one's own promise, accepts nobody else's."""
    WEAK = "weak"
    """``嗯``: may be assent, may be listening."""
    CLEAR = "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A stretch between two punctuation marks; ``asked`` when a question mark ends it."""

    start: int
    end: int
    text: str
    asked: bool


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


_NUMERAL = r"[一二两三四五六七八九十\d]"

PAY = _any(
    # hái (still, also) is written like huán (to pay back)
    r"还(?![有是没差欠剩行在如说会要敢想好真挺用需以不能可得款算])|还得[上起]|还款(?![日额码卡明能意计方记])",
    # which recognition writes as hǎi or hài
    rf"[海害](?=[款给清完了]|{_NUMERAL})",
    r"付|存(?!款)|充|凑|垫|交(?!代|流|给法)|转(?!告|达|接|人工)|打(?:进|到|给你|过去)",
    rf"打(?={_NUMERAL}[百千万])",
    rf"拿(?![什不])|出(?={_NUMERAL})|给(?=你们|{_NUMERAL})|补(?:上|齐|足)|结(?:清|掉)|清(?:掉|账)|认(?!识|为|真)",
)
SETTLE = _any("处理|安排|搞定|解决", "(?:一定|肯定|准)到账")
OFFER_QUESTION = _any(
    "行不行", "可不可以", "能不能", "可以[吗么不]", "[行成好][吗么]", "中不中", "好不好", r"行不$", "成不成"
)
INCOME = _any(
    "工资|收入|挣|到手|房租|生活费|学费|药费|医药|花了|欠我|借给|奖金|存款|退休金|养老金|低保",
    "手里|手头|身上|卡里|余额|公积金|社保|货款|运费",
)
NOT_OFFERED = _any(
    "本金|利息|罚息|违约金|滞纳金|费|除了|除开|扣|收我|欠了|借了|就剩|只有|只剩",
    "申诉|投诉|异议|凭什么|多收|乱收|退",
)
REST = _any("剩下|剩余|剩的|其余|余下|余款|尾款|后面的|多出来|往后|以后每")
NEGATIVE = _any(
    "没有|没法|没钱|哪有|哪来|拿不|[动挪掏弄]不[了出开到]|还不[了上起]|付不|凑不|不行|不可能|不够|来不及|等不|不是|不认|不对",
    "太多|太早|太晚|太紧|不成|办不到|定不|不想还|先不|不方便|来不了",
    "够[呛戗]|赶不[上及]|(?<![不挺])悬(?=$|[了啊吧])|不太[行可]|[上去到]?哪[儿里]?去?(?:弄|找|凑|搞|借|拿)(?!个)|拿(?:什么|啥|头)还|说得轻巧",
    "不(?:给|交|出|掏|付|肯)(?![你您]|.{0,2}(?:添|您|你))|(?:别|莫|甭)(?:想|指望)",
    "(?:别|莫|甭|不要|先别)(?:给我|帮我|替我|急着|瞎|乱)*(?:记|写|登记|备注|填)(?!错|混|漏|岔|串)",
)
_NEGATIVE_LOOKALIKE = _any("行不行|可不可以|能不能|成不成|没问题|没有问题|是不是|不行的?话|不是不")
PAST = _any(
    "(?:本来|原本|原来)(?:还|就|是)?(?:打算|想|要|准备)|已经|早就?[还转交付]|明明",
    "上个?月|上周|上次|上回|昨天|前天|前几天|那次|[还转付交存]过",
)
PROOF = _any("截图|回执|(?:还款|转账|银行|交易)(?:凭证|流水|记录)")
"""What shows that money has been paid: who offers it tells of the past."""
DONE = _any("[还转付交存]了(?!就|再|吧)")
"""Past, unless a day to come is named: ``明天就还了``."""
CORRECTION = _any("^[哦噢啊哎嗯]?(?:不对|不是|(?:我)?说?错了)$", "改(?:到|成|为|在|约)|换(?:到|成)(?!卡|号)")
HEDGED_SENTENCE = _any("尽量|争取|看情况|尽力")
HEDGED = _any(
    "想想?办法|看看能|说不准|不一定|说不定|不好说|到时候|再[说看讲议定谈](?!一[遍下])|没准|可能|也许|考虑|商量",
    "如果|要是|除非|万一|假如",
)
ROUGHLY = _any("大概|大约|差不多|左右|应该(?:能|可以|是|行)|估计|前后|上下")
CONDITION = _any(
    "(?:如果|要是|只要|假如|除非|前提是)(?![您你])[^，。？！,?!]{2,16}",
    "(?:得|要|还得)?等(?!会|下|一)[^，。？！,?!]{1,12}(?:发|到账|到手|下来|批|回款|结账|结了|给我|还我|还钱)[^，。？！,?!就再]{0,4}",
    "(?<!这样)(?<!那样)(?<!不行)(?<!可以)[^，。？！,?!]{2,12}的话(?=[，。,]|我|就|才|$)",
    "(?:发了?(?:工资|薪)|工资(?:发|到)了|钱到了|货款[^，。？！,?!]{0,3}(?:到|回|结)|批下来|减免[^，。？！,?!]{0,6}下来)(?=[^，。？！,?!]{0,4}[就再才])",
    "(?:你们?|您)[^，。？！,?!]{0,6}(?:免|减|停)[^，。？！,?!]{0,8}(?=[，,]?我?(?:就|才)[^，。？！,?!]{0,4}[还付])",
)
"""What has to happen first, in the words of whoever promises."""
COMES_IN = _any("发(?!给|短信|你)|到账|结账|结工|工资|到期|收入|货款|下来|进账|还我|给我|给结|打给我|到了?$")
COMMITS = re.compile(r"[行好那成]*我(?:就|会|一定|肯定)?(?:还|给|付|交|打|转|存)(?:你们?|您|就是)?[吧嘛]?")
"""A whole clause that says no more than that the speaker pays: ``我给``, ``那我还``."""
PARTIAL = _any("先|部分|一点|些|多少|一半|首期|第一期|每期|每个?月")
WHOLE = _any("还(?:上|掉|完|清|给你们?|你们|了)?(?:[吧的啊呀嘛]|$)", "按时还", "都还")
AMOUNT_OPEN = _any(
    "(?:多少|数额|金额|具体数)[^，。？]{0,8}(?:不好说|说不好|不一定|再说|说不准|不知道|没准|看|定不)",
    "能还多少|有多少",
)
DATE_OPEN = _any(
    "(?:哪天|几号|日子|时间|什么时候|啥时候)[^，。？]{0,8}(?:不好说|说不好|说不准|不一定|再说|没准|得等|不知道|定不|看)",
    "过[两几]天|哪说得准|有了就|有钱就",
)
REFUSAL = _any(
    "就是?不还|坚决不|不会再?[还给]|不想还|不还了|(?<!今天)我不还|拒绝还|没(?:有)?打算还",
    "一分(?:钱)?[^，。]{0,4}不会?[给还]|休想|爱[告咋怎]|法庭上见|做梦|没门|免谈|不认账|这笔[钱账款]我不认|凭什么(?:让我|要我)?还",
)
_REFUSAL_LOOKALIKE = _any(
    "不是不(?:想)?还|没说不还|没有?不还|不还(?:也)?不行|不会不还|多一分(?:钱)?[^，。]{0,5}"
)
WITHDRAWAL = _any(
    r"(?<![划打合换计就])算了|那就算了|反悔|不算数|收回|当(?:我|你|您)?没(?:说|讲|听见|听到|听过)|改主意|(?:再|得|要)想想(?!办法)|再想一下|考虑考虑|再考虑",
    "定不下来|答应不了|做不到|保证不了|不敢保证|先不[还办]|还是不[还行办要]|再说吧",
    # what was said does not count; what was to be done is not done; nothing is to be written down
    "(?:说|讲|答应|讲好|定)的(?:话|那个?|那些)?(?:都|也|就|全)?(?:不算|作废|不作数)|(?<!不是)不作数|推翻|变卦",
    "^(?:那|那就|算了|这样)?我?(?:就|可|也|今天)?(?:不[转存打付交弄办签]|先不[转存打付交弄签])(?:了|啊|啦)?$",
    "(?:别|莫|甭|不要|不用)(?:给我|帮我|替我|就)*(?:记|写|登记|登|备注|报)了[啊呀哈吧嘛]*$",
    "(?:取消|撤)(?:掉|了)吧|^不算(?:不算)?(?:了|啊|的)?$|我?那(?:也|就|都)?是(?:顺嘴|随口|嘴快|一时嘴快)(?:这么)?一?(?:说|讲)",
    # 那五百我也不转了
    rf"{_NUMERAL}[百千万块]?(?:块|元|钱)*(?:我)?(?:也|就|可|都)?不(?:转|存|打|付|交|给|还|出|拿)了$",
    "我?(?:做不了主|做不得主|说了不算|不敢(?:答应|应|定|说死))",
)
THIRD_PAYS = _any(
    r"(?<!我让)(?<!我叫)(?<!我找)(?<!我托)(?:妈|爸|爹|哥|姐|弟|妹|老公|老婆|对象|儿子|女儿|闺女|朋友|家里|[他她])"
    r"[^，。]{0,5}[帮替给]我[^，。]{0,3}[还付垫出]"
)
TURNED_DOWN = _any(
    "没有?(?:任何|这个|什么)?(?:义务|责任)",
    "不(?:用|需要|必|该|要)(?:您|你|由您)?(?:[替帮代]?[他她]?)(?:来)?[还垫出]",
    "(?:钱|退休金|工资)(?:您|你)?(?:自己)?留(?:好|着)",
)
"""How an agent declines that somebody else pays."""
UNRECORDED = _any(
    "(?:先|就|暂时?|今天)?(?:不|没法|不能|没办法)(?:给|帮|替)(?:您|你)[^，。？！]{0,2}(?:记|登记|写|备注|算|约)[^，。？！]{0,4}(?:承诺|日期|日子|约定|还款)",
    "(?:先|暂时?|今天)(?:就)?不(?:记|约|定|算)(?:您|你)?(?:的)?(?:还款|承诺|日子|日期)|不(?:作为|算作|算是|算)(?:您|你)?的?(?:还款)?承诺",
    "没法(?:给|帮)(?:您|你)(?:记|登记|写)了?$",
)
"""How an agent says that no promise is put on record."""
PAYS_FOR_OTHER = _any(
    "我[先来可以就愿意想]{0,4}[替帮代给][^，。]{1,6}[还垫付交]", "我[先来就]?[还垫](?![有是没得在要能想不以])"
)

_FILLER = re.compile(r"[嗯啊哦噢哎唉呃诶欸那呀，。、！…\s]+")
_CLEAR_HEAD = _any(
    "对+(?![不我你您于方面象])|是的?(?![谁不你什哪他她])|好(?:的|吧|嘞|啊|呀|勒|好)?(?![像多几不吗久什])",
    "行(?:吧|啊|呀|的)?(?![不吗了行])|可以(?!吗|不)|没问题|没错|[成中](?![不吗])|同意|能行|能(?=$|[，。])|能[还接]",
    "妥|得嘞|要得|方便(?=[的，。]|$)|确认|接受|会的?(?=$|[，。])|一定|肯定|放心|[oO][kK]|答应|说定|一言为定|[按照听][你您]|就(?:这样|这么|按|照)",
    "我(?:还(?![有是没得在了过])|[存转交](?![了过]))|确定(?![不吗])|当然|必须的|没毛病|就是(?:这样|那天|这个数)",
)
_CLEAR_ANYWHERE = _any(
    "我(?:现在|马上|这)就(?:去|来)?(?:弄|还|转|办|存|凑)",
    "能接受|可以接受|没问题|没有问题|就这么[定办]|说定了|一言为定|就按[你您这]|说话算[话数]|(?<!能)跑不了|错不了",
)
_HEARD_HEAD = _any("知道|明白|了解|晓得|行了|行行|好好好|懂|记(?:住|下|着|得)了?|听(?:清|见|到|明白)了?")
_BUT = _any(
    "(?:但是?|不过|可是?(?!以)|只是|就是)[^，。]{0,12}(?:没|不[够行想会到敢一]|拿不|还不|太|怕|担心|说不准)"
)
_BETTER_TERMS = _any("(?:能不能|可不可以|能否)[^，。]{0,6}[晚少缓延宽减]")
_MARK = re.compile(r"(?:[，。？！；：、!?;:\s…]|(?<!\d),|,(?!\d))+")


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of ``text`` with their offsets, punctuation left out."""
    found, start = [], 0
    for mark in _MARK.finditer(text):
        if mark.start() > start:
            asked = mark.group()[0] in "？?"
            found.append(Clause(start=start, end=mark.start(), text=text[start : mark.start()], asked=asked))
        start = mark.end()
    if start < len(text):
        found.append(Clause(start=start, end=len(text), text=text[start:], asked=False))
    return tuple(found)


def denies(text: str) -> bool:
    """Whether a clause says no or cannot; look-alikes such as ``行不行`` do not count."""
    return bool(NEGATIVE.search(_NEGATIVE_LOOKALIKE.sub("", text)))


def refuses(text: str) -> bool:
    """Whether a turn refuses to pay at all (``今天不还`` alone does not)."""
    return bool(REFUSAL.search(_REFUSAL_LOOKALIKE.sub("", text)))


def assent(text: str) -> Assent:
    """How far a turn agrees, judged by how it opens and by what takes the agreement back."""
    if _BUT.search(text) or _BETTER_TERMS.search(text):
        return Assent.NONE
    filler = _FILLER.match(text)
    said = text[filler.end() :] if filler else text
    if not said:
        return Assent.WEAK if filler else Assent.NONE
    if _HEARD_HEAD.match(said):
        return Assent.HEARD
    if _CLEAR_HEAD.match(said) or _CLEAR_ANYWHERE.search(said):
        return Assent.CLEAR
    return Assent.WEAK if filler and "嗯" in filler.group() and not denies(said) else Assent.NONE
