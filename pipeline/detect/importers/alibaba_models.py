"""Operators of Alibaba's 智能对话分析 that rest on models, call data and knowledge of the service.

Where the service's own model has no counterpart here, a language model is asked the same in plain words
(``llm``); without one (``[judge]`` in the settings) such a condition decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.detect.importers.alibaba_leaf import Leaf
from pipeline.detect.importers.draft import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ENTITIES = {
    "phone": "phone",
    "mobile": "phone",
    "手机号": "phone",
    "电话": "phone",
    "idcard": "id_card",
    "身份证": "id_card",
    "bankcard": "bank_card",
    "银行卡": "bank_card",
    "money": "money",
    "金额": "money",
    "date": "date",
    "time": "date",
    "日期": "date",
    "时间": "date",
    "person": "person",
    "name": "person",
    "人名": "person",
    "姓名": "person",
}
_SYMBOLS = {
    "=": "equal",
    "==": "equal",
    "eq": "equal",
    "!=": "not_in",
    "<>": "not_in",
    "ne": "not_in",
    "notin": "not_in",
    "in": "in",
    ">": "gt",
    "gt": "gt",
    ">=": "gte",
    "gte": "gte",
    "ge": "gte",
    "<": "lt",
    "lt": "lt",
    "<=": "lte",
    "lte": "lte",
    "le": "lte",
}
FIELDS = {
    "customerserviceid": "agent_id",
    "customerservicename": "agent_name",
    "skillgroupid": "team_id",
    "skillgroupname": "team",
    "customerid": "customer_id",
    "customername": "customer_name",
    "calltype": "direction",
    "callee": "callee_number",
    "caller": "caller_number",
}
"""Names of the upload API and ours; any other field keeps its name and must stand in the manifest."""

_MODELS: Mapping[str, dict[str, Any]] = {
    # 情绪模型
    "ruma01": {"learned": {"label": "insult_abuse", "chance": {"gte": 0.5}}},
    "goawei01": {
        "llm": {"question": "这句话是否属于高危表达（扬言投诉、曝光、报警、起诉或伤害自己、他人）？"}
    },
    # 客户模型
    "tousu01": {"event": ["complaint_intent"]},
    "zhaozhuguan01": {"llm": {"question": "说话人是否要求找主管、领导或换人处理？"}},
    "zhiyitaidu01": {"llm": {"question": "说话人是否质疑对方的服务态度？"}},
    "internal_complain01": {"event": ["complaint_intent"]},
    "public_opinion": {"llm": {"question": "说话人是否扬言找媒体、上网曝光？"}},
    # 客服模型
    "jifeng01": {"llm": {"question": "说话人是否在讥讽、挖苦对方？"}},
}


def _model(param: Reader) -> Leaf | None:
    values = param.take("pvalues", [])
    found = []
    for value in [values] if isinstance(values, str) else values:
        if value not in _MODELS:
            param.notes.lost("pvalues", f"the model {value!r} is the service's own")
            continue
        keys = _MODELS[value]
        by = next(iter(keys))
        param.notes.changed("pvalues", f"{value} is the service's own model: {by} is asked instead")
        if by == "llm":
            param.notes.decided(
                "pvalues", f"{value} needs a language model ([judge]); else nothing is decided"
            )
        found.append(keys)
    return _any(found)


def _entity(param: Reader) -> Leaf | None:
    kind = str(param.take("dataType", "")).replace("_", "").lower()
    customer = param.take("customerParam")
    keys: dict[str, Any] = {}
    if kind in _ENTITIES:
        keys["entity"] = _ENTITIES[kind]
    else:
        param.notes.lost("dataType", "numbers of entity types are not documented: name the kind by hand")
    name = customer.get("field", customer.get("Field")) if isinstance(customer, dict) else customer
    if name:
        ours = _field_name(str(name))
        if ours.replace("_", "").isalpha():
            keys["text"] = ["{" + ours + "}"]
            param.notes.changed("customerParam", f"the turn must hold the value of the metadata field {ours}")
        else:
            param.notes.lost("customerParam", f"patterns cannot name the field {ours}")
    return Leaf(keys) if keys else None


def _call_data(param: Reader) -> Leaf | None:
    inner = param.take_all("customerParam", "JudgeNodeMetaDesc")
    if isinstance(inner, dict):
        nested = Reader(inner, param.notes)
        leaf = _call_data(nested)
        nested.close()
        return leaf
    ours = _field_name(str(param.take("Field", "")))
    symbol = str(param.take("Symbol", "")).replace("_", "").lower()
    value = param.take("Value")
    param.lost("FieldType", "metadata fields are named, whoever made them")
    param.lost("DataType", "numbers and texts are told by how they are written")
    param.lost("ActualValue", "the value of one call is a result, not a rule")
    test = _SYMBOLS.get(symbol)
    if test is None:
        param.notes.lost("Symbol", f"{symbol!r} is not documented: write the comparison by hand")
        return None
    if ours == "duration" and test in ("gt", "gte", "lt", "lte"):
        return Leaf({"duration": {test: float(value)}}, whole=True)
    if ours not in FIELDS.values():
        param.notes.decided("Field", f"the field {ours} must stand in the manifest, else nothing is decided")
    return Leaf({"field": {ours: _field_test(test, value, ours)}}, whole=True)


def _field_name(theirs: str) -> str:
    bare = theirs.replace("_", "").lower()
    if bare in FIELDS:
        return FIELDS[bare]
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in theirs).strip("_")


def _field_test(test: str, value: Any, ours: str) -> Any:
    if test in ("gt", "gte", "lt", "lte"):
        return {test: float(value)}
    values = value if isinstance(value, list) else [value]
    if ours == "direction":
        values = [{"1": "outbound", "3": "inbound"}.get(str(v), v) for v in values]
    if test == "not_in":
        return {"not_in": values}
    return values if test == "in" else values[0]


def _intent(param: Reader) -> Leaf | None:
    inner = param.take("IntentModelCheckParm")
    if isinstance(inner, dict):
        nested = Reader(inner, param.notes)
        leaf = _intent(nested)
        nested.close()
        return leaf
    param.lost("modelScene", "the scene of a model of the service")
    given = param.take("intents", [])
    names = [str(i.get("name", i) if isinstance(i, dict) else i) for i in given]
    if not names:
        return None
    param.notes.changed(
        "intents", "intents are the service's own: a language model ([judge]) is asked instead"
    )
    return _any([{"llm": {"question": f"说话人的意图是否为：{name}？"}} for name in names])


def _knowledge(param: Reader) -> Leaf | None:
    names = "knowledgeTargetId knowledgeTargetType questionThreshold answerThreshold knowledgeSentenceNum"
    for name in names.split():
        param.lost(name, "answers are compared with a knowledge base that is not in the file")
    return None


def _language_model(param: Reader) -> Leaf | None:
    param.lost("llmModelCode", "the model is chosen in the settings ([judge])")
    scene = param.take("sceneName")
    condition = param.take("hitCondition")
    asked = []
    for dimension in param.take("dimensions", []) or []:
        inner = {k.lower(): v for k, v in dimension.items() if v}
        question = "，".join(str(inner[k]) for k in ("dimension", "desc") if k in inner)
        ask: dict[str, Any] = {"question": f"{scene}：{question}" if scene else question}
        for theirs, ours in (("includecondition", "include"), ("excludecondition", "exclude")):
            value = inner.pop(theirs, None)
            if value:
                ask[ours] = [str(v) for v in value] if isinstance(value, list) else [str(value)]
        for left in inner.keys() - {"dimension", "desc"}:
            param.notes.lost(f"dimensions.{left}", "not a parameter that the importer knows")
        asked.append({"llm": ask})
    if condition is not None and asked:
        param.notes.decided("hitCondition", "one dimension that is true is enough")
    if not asked and (scene or condition):
        asked.append({"llm": {"question": "：".join(str(v) for v in (scene, condition) if v)}})
    if asked:
        param.notes.changed("dimensions", "asked of one turn at a time, and a yes needs a literal quote")
    return _any(asked)


def _flow_node(param: Reader) -> Leaf | None:
    for name in ("nodeId", "nodeName", "nodeMatchStatus", "FlowNodePrerequisiteParam"):
        param.lost(name, "nodes of a process are not in the file: write a flow by hand")
    return None


def _unheard(param: Reader) -> Leaf | None:
    param.notes.lost("", "how a call is answered is not heard in it")
    return None


def _any(found: list[dict[str, Any]]) -> Leaf | None:
    if not found:
        return None
    return Leaf(found[0] if len(found) == 1 else {"any": found})


MODELS: Mapping[str, Callable[[Reader], Leaf | None]] = {
    "EMOTION_MODEL": _model,
    "CUSTOMER_CHECK_MODEL": _model,
    "ABUSE_MODEL": _model,
    "NER_MODEL": _entity,
    "随录参数": _call_data,
    "非正常接听": _unheard,
    "意图": _intent,
    "知识问答": _knowledge,
    "大模型": _language_model,
    "流程节点": _flow_node,
}


def by_shape(param: Reader) -> Callable[[Reader], Leaf | None] | None:
    """Newer operators, whose type is not documented, by the parameters they bring."""
    shapes = (
        (("knowledgeTargetId", "knowledgeTargetType", "answerThreshold"), _knowledge),
        (("llmModelCode", "dimensions", "sceneName", "hitCondition"), _language_model),
        (("intents", "modelScene", "IntentModelCheckParm"), _intent),
        (("nodeId", "nodeName", "nodeMatchStatus", "FlowNodePrerequisiteParam"), _flow_node),
        (("Field", "JudgeNodeMetaDesc"), _call_data),
    )
    for names, build in shapes:
        if any(name in param for name in names):
            return build
    customer = param.peek("customerParam")
    return _call_data if isinstance(customer, dict) and "dataType" not in param else None
