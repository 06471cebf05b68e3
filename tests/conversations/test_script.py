"""The judge of conversations is judged here: it sees what is missing, what is too much, and where a file is wrong."""

from pathlib import Path

import pytest

from bot.content.library import Library
from bot.dialogue import acts
from bot.dialogue.render import Renderer
from tests.conversations.script import Wanted, differences, load, look

LE_PHI = acts.AnswerTopic(act="answer", topic="dinh_danh/le_phi")


@pytest.fixture
def loa(library: Library, clock) -> Renderer:  # type: ignore[no-untyped-def]
    return Renderer(library, clock.now().date())


def test_recognises_answers_fixed_texts_questions_back_and_verdicts(library: Library, loa: Renderer) -> None:
    resumed = loa.ask(acts.Ask(act="resume", flow="checklist", slot="age"))
    done = look([loa.answer(LE_PHI), *resumed], library)
    assert (done.topics, done.sayings) == (["dinh_danh/le_phi"], ["resume", "ask_age"])
    asked_back = look([loa.clarify(["dinh_danh/o_dau", "dinh_danh/le_phi"])], library)
    assert (asked_back.sayings, asked_back.offered) == (["clarify"], ["dinh_danh/o_dau", "dinh_danh/le_phi"])
    assert look([loa.scam_check("bấm vietvp.cc", [], [])], library).verdict == "nguy_hiem"
    assert look([loa.menu("can_cuoc")], library).sayings == ["group_menu"]
    assert look([loa.handoff()], library).sayings == ["handoff"]


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        ({"chu_de": "dinh_danh/le_phi"}, []),
        ({"chu_de": "dinh_danh/le_phi", "co": ["KHÔNG MẤT TIỀN", "Căn cứ"], "nut": "Đúng ý", "khong_nut": "Có", "khong_co": "vé số"}, []),
        ({"cau": "menu", "hoac": [{"chu_de": "dinh_danh/le_phi"}]}, []),
        ({"chu_de": "dinh_danh/o_dau"}, ["thiếu câu trả lời về dinh_danh/o_dau", "thừa câu trả lời về dinh_danh/le_phi"]),
        ({"chu_de": "dinh_danh/le_phi", "cau": "resume"}, ["thiếu câu resume"]),
        ({"cau": "menu"}, ["thừa câu trả lời về dinh_danh/le_phi", "thiếu câu menu"]),
        ({"chu_de": "dinh_danh/le_phi", "co": "triệu đồng"}, ['phải có chữ "triệu đồng"']),
        ({"chu_de": "dinh_danh/le_phi", "khong_co": "mất tiền"}, ['không được có chữ "mất tiền"']),
        ({"chu_de": "dinh_danh/le_phi", "nut": "Đồng ý"}, ["phải có nút [Đồng ý]"]),
        (
            {"hoi_lai": "dinh_danh/le_phi"},
            ["thừa câu trả lời về dinh_danh/le_phi", "thiếu câu clarify", "phải mời chọn câu dinh_danh/le_phi"],
        ),
    ],
)
def test_says_what_is_missing_and_what_is_too_much(library: Library, loa: Renderer, wanted: dict, wrong: list[str]) -> None:
    assert differences(Wanted.model_validate(wanted), look([loa.answer(LE_PHI)], library)) == wrong


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("- ten: a\n  hoi_dap:\n    - ba_con: b\n      loa: {chu_de: x/y}\n      loai: c\n", '5:7: không có mục nào tên "loai"'),
        ("- ten: a\n  hoi_dap:\n    - ba_con: b\n      loa: {co: c}\n", '4:7: "loa" phải nói Loa làm gì'),
        ("- ten: a\n  hoi_dap:\n    - loa: {cau: greet}\n", "3:7: mỗi lượt cần đúng một trong"),
        ("- ten: a\n  kenh: zalo\n  hoi_dap:\n    - ba_con: b\n      loa: {cau: greet}\n", '2:3: "kenh" là zalo'),
        ("- ten: a\n  hoi_dap: [\n", "YAML viết chưa đúng"),
        ("- {ten: a, hoi_dap: [{ba_con: b, loa: {cau: greet}}]}\n" * 2, '2:4: tên "a" đã dùng ở dòng 1'),
    ],
)
def test_a_mistake_in_a_file_is_named_where_it_stands(tmp_path: Path, text: str, mistake: str) -> None:
    (tmp_path / "a.yml").write_text(text)
    found, problems = load(tmp_path)
    assert not found
    assert f"a.yml:{mistake}" in str(problems[0]) or mistake in str(problems[0])
