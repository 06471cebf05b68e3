"""Pydantic's errors in Vietnamese, each with the way out."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.content.positions import Document, Path_
from bot.errors import Problem

_WORDS: dict[str, str] = {
    "missing": 'thiếu mục "{name}"',
    "extra_forbidden": 'không có mục nào tên "{name}". Xem lại chính tả; các mục có thể dùng: {known}',
    "string_type": '"{name}" phải là chữ. Nếu có số hoặc dấu hai chấm, đặt trong dấu ngoặc kép "…"',
    "string_too_long": '"{name}" dài {length} ký tự, tối đa {max_length}. Viết ngắn lại',
    "string_too_short": '"{name}" đang để trống',
    "string_pattern_mismatch": '"{name}" viết chưa đúng dạng: {input}',
    "too_long": '"{name}" có {actual_length} dòng, tối đa {max_length}',
    "too_short": '"{name}" cần ít nhất {min_length} dòng',
    "literal_error": '"{name}" là {input}; chỉ được là: {expected}',
    "tuple_type": '"{name}" phải là danh sách, mỗi dòng bắt đầu bằng "- "',
    "list_type": '"{name}" phải là danh sách, mỗi dòng bắt đầu bằng "- "',
    "dict_type": '"{name}" phải gồm các mục con dạng tên: nội dung',
    "model_type": '"{name}" phải gồm các mục con dạng tên: nội dung',
    "date_type": '"{name}" phải là ngày dạng 2022-12-31',
    "date_from_datetime_parsing": '"{name}" phải là ngày dạng 2022-12-31',
    "date_parsing": '"{name}" phải là ngày dạng 2022-12-31',
    "datetime_type": '"{name}" phải là ngày giờ dạng 2022-12-24 08:00',
    "datetime_from_date_parsing": '"{name}" phải là ngày giờ dạng 2022-12-24 08:00',
    "datetime_parsing": '"{name}" phải là ngày giờ dạng 2022-12-24 08:00',
    "int_type": '"{name}" phải là số',
    "int_parsing": '"{name}" phải là số',
    "bool_type": '"{name}" chỉ được là true hoặc false',
    "bool_parsing": '"{name}" chỉ được là true hoặc false',
    "float_type": '"{name}" phải là số',
    "float_parsing": '"{name}" phải là số',
    "int_from_float": '"{name}" phải là số nguyên',
    "greater_than_equal": '"{name}" là {input}; nhỏ nhất là {ge}',
    "less_than_equal": '"{name}" là {input}; lớn nhất là {le}',
    "time_type": '"{name}" phải là giờ dạng "08:00"',
    "time_parsing": '"{name}" phải là giờ dạng "08:00"',
    "date_from_datetime_inexact": '"{name}" phải là ngày dạng 2022-12-31, không có giờ',
}


class Misplaced(ValueError):
    """A mistake that a model finds in itself, at `at` below it. `str` of it is Vietnamese."""

    def __init__(self, at: Path_, message: str):
        super().__init__(message)
        self.at = at


def validate[Model: BaseModel](model: type[Model], document: Document) -> tuple[Model | None, list[Problem]]:
    """The document as `model`, or None and its mistakes, in Vietnamese and with positions."""
    if document.problems:
        return None, document.problems
    if document.data is None:
        return None, [document.problem((), "tệp đang trống")]
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        return None, [document.problem(_path(item), explain(item, model)) for item in _causes(error.errors())]


def _causes(items: Sequence[Any]) -> list[Any]:
    """Without the "too few items" that a list reports only because some of its items are wrong."""
    locations = [item["loc"] for item in items]
    return [
        item
        for item in items
        if not (item["type"] == "too_short" and any(loc != item["loc"] and loc[: len(item["loc"])] == item["loc"] for loc in locations))
    ]


def explain(item: Any, model: type[BaseModel]) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    context = dict(item.get("ctx") or {})
    if "expected" in context:
        context["expected"] = context["expected"].replace("'", "").replace(" or ", " hoặc ")
    value = item.get("input")
    name = next((part for part in reversed(item["loc"]) if isinstance(part, str) and part != "[key]"), "tệp")
    words = _WORDS.get(item["type"])
    if words is None:
        return f'"{name}" viết chưa đúng. Xem cách viết trong docs/reference'
    shown = str(value) if isinstance(value, str | int | float | bool) else type(value).__name__
    return words.format_map(
        {
            **context,
            "name": name,
            "input": shown[:60],
            "length": len(value) if isinstance(value, str) else 0,
            "known": ", ".join(_known(model, item["loc"][:-1])),
        }
    )


def _known(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """The keys allowed at `loc`, by walking the model's annotations."""
    here: Any = model
    for part in loc:
        if isinstance(part, int) or part == "[key]":
            continue
        found = next((f for key, f in here.model_fields.items() if part in (key, f.alias)), None)
        here = _model_in(found.annotation) if found else None
        if here is None:
            return ["(xem docs/reference)"]
    return [field.alias or key for key, field in here.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in getattr(annotation, "__args__", ()) if (found := _model_in(arg))), None)


def _path(item: Any) -> Path_:
    below = getattr((item.get("ctx") or {}).get("error"), "at", ())
    return (*(part for part in item["loc"] if part != "[key]"), *below)
