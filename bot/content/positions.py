"""YAML with positions: plain data, and where each value stands, so that a mistake is reported as file:line:column."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.errors import Problem

Path_ = tuple[str | int | float, ...]
try:
    _Loader: Any = yaml.CSafeLoader
except AttributeError:  # libyaml is missing from this build of PyYAML: slower, same result
    _Loader = yaml.SafeLoader


@dataclass
class Document:
    """`data` is what the file says; `problems` is non-empty when it could not be read as YAML (then `data` is None)."""

    file: str
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    _marks: dict[Path_, tuple[int, int]] = field(default_factory=dict)

    def problem(self, path: Path_, message: str, warning: bool = False) -> Problem:
        """A Problem at `path`, or at the nearest thing above it that stands in the file."""
        while path and path not in self._marks:
            path = path[:-1]
        line, column = self._marks.get(path, (1, 1))
        return Problem(self.file, line, column, message, warning)


def read(path: Path, shown_as: str | None = None) -> Document:
    """Read one YAML file. Never raises for what is in the file: a syntax error or a repeated key is a Problem."""
    document = Document(shown_as or str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        document.problems.append(Problem(document.file, line, 1, "tệp không phải UTF-8. Hãy lưu lại tệp với bảng mã UTF-8 (không BOM)"))
        return document
    except OSError as error:
        document.problems.append(Problem(document.file, 1, 1, f"không đọc được tệp ({error.strerror}). Kiểm tra quyền đọc"))
        return document
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            document.data = _build(loader, node, (), document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.problems.append(Problem(document.file, line, column, _syntax(error)))
    except (yaml.YAMLError, ValueError) as error:
        document.problems.append(Problem(document.file, 1, 1, f"không đọc được tệp YAML: {error}"))
    finally:
        loader.dispose()
    if document.problems:
        document.data = None
    return document


def _build(loader: Any, node: yaml.Node, path: Path_, document: Document) -> Any:
    document._marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            here = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key, str | int | float | bool):
                document.problems.append(Problem(document.file, *here, "tên mục phải là chữ"))
                continue
            if key in result:
                document.problems.append(Problem(document.file, *here, f'mục "{key}" viết hai lần. Xóa bớt một'))
            document._marks[(*path, key)] = here
            result[key] = _build(loader, value_node, (*path, key), document)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, item, (*path, index), document) for index, item in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    what = error.problem or error.context or ""
    hints = {
        "mapping values are not allowed": 'có dấu ":" trong câu. Đặt cả câu trong dấu ngoặc kép "…"',
        "found a tab character": "có phím Tab ở đầu dòng. Thay bằng dấu cách",
        "found character that cannot start any token": "có phím Tab ở đầu dòng. Thay bằng dấu cách",
        "could not find expected ':'": 'thiếu dấu ":" sau tên mục, hoặc dòng thụt lề sai',
        "did not find expected key": "dòng thụt lề sai, hoặc thiếu dấu ngoặc kép đóng",
        "did not find expected '-' indicator": 'dòng thụt lề sai: các dòng của một danh sách phải bắt đầu bằng "- " thẳng cột',
        "found unexpected end of stream": "thiếu dấu ngoặc kép đóng",
    }
    for english, vietnamese in hints.items():
        if english in what:
            return f"YAML viết chưa đúng: {vietnamese}"
    return f"YAML viết chưa đúng ({what}). Xem lại dấu ngoặc kép, dấu hai chấm và thụt lề quanh dòng này"
