"""Rules of Alibaba's 智能对话分析 for tests, with everything but what is tested left out."""

from pipeline.detect.importers.alibaba_rules import import_rules
from tests.unit.detect.importers.support import as_json

KEYWORDS = {"type": "HIT_ANY_KEYWORDS", "param": {"keywords": ["还钱"]}}


def condition(cid="1", operators=(KEYWORDS,), check_range=None, **more):
    numbered = [{"oid": str(n), **operator} for n, operator in enumerate(operators, start=1)]
    base = {"cid": cid, "check_range": check_range or {}, "operators": numbered}
    return {**base, "lambda": "&&".join(o["oid"] for o in numbered), **more}


def content(*conditions, rules=None, **rule):
    base = {"rid": "7", "name": "规则", "lambda": conditions[-1]["cid"], "level": 2}
    return {"conditions": list(conditions), "rules": rules or [{**base, **rule}]}


def imported(*conditions, minus_one="any", **rule):
    return import_rules(as_json(content(*conditions, **rule)), minus_one=minus_one)


def operator(kind, **param):
    return imported(condition(operators=[{"type": kind, "param": param}], check_range={"role": "客服"}))
