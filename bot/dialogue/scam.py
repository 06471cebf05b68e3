"""Is this a scam? What official.yml lets the bot say about links, numbers and words, and nothing beyond it.

The bot never says that an unknown address or number is safe; an official address is named as such, and only that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.content.official import Official
from vietnamese import fold

_LINK = re.compile(r"(?:https?://|www\.)\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)(?:\+?84|0)\d(?:[ .-]?\d){7,9}(?!\d)|(?<!\d)1[89]00[ .]?\d(?:[ .]?\d){3,5}(?!\d)")
_SHORTENERS = {"bit.ly", "tinyurl.com", "s.id", "cutt.ly", "t.ly", "goo.gl", "is.gd"}
_STATE_WORDS = ("vneid", "vneld", "vne1d", "dichvucong", "dichvvcong", "dvc", "bocongan", "congan", "chinhphu", "gov", "baohiemxahoi")


@dataclass(frozen=True)
class Verdict:
    """`danger`: a sure sign of fraud. `official`: addresses and numbers that official.yml knows. `suspect`: why to distrust, in Vietnamese."""

    danger: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()
    official: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def examine(text: str, links: Sequence[str], phones: Sequence[str], official: Official) -> Verdict:
    danger: list[str] = []
    suspect: list[str] = []
    known: list[str] = []
    for link in dict.fromkeys([*links, *_LINK.findall(text)]):
        _examine_link(link, official, danger, suspect, known)
    hotlines = {re.sub(r"\D", "", number): entry for entry in official.hotlines() for number in str(entry["number"]).split(" hoặc ")}
    for phone in dict.fromkeys([*phones, *_PHONE.findall(text)]):
        entry = hotlines.get(re.sub(r"\D", "", phone))
        if entry:
            known.append(f"{phone} là số của {entry['owner']}, nhưng kẻ gian có thể giả hiện số này: chỉ tin khi bà con tự bấm gọi")
        else:
            suspect.append(f"số {phone} không có trong danh sách số chính thức mà Loa biết")
    folded = fold(text).lower()
    if ".apk" in folded:
        danger.append("có tệp .apk: ứng dụng nhà nước chỉ lấy từ CH Play hoặc App Store")
    if re.search(r"\b(otp|ma xac thuc|passcode|mat khau|so the)\b", folded) and re.search(
        r"\b(doc|gui|nhap|cung cap|doi|hoi|xin|yeu cau|bao)\b", folded
    ):
        danger.append("đòi mã OTP, mật khẩu hoặc số thẻ: công an không bao giờ hỏi những thứ này")
    words = [
        word
        for word in official.raw["red_flags"]["words"]
        if fold(word).lower() in folded and word not in ("otp", ".apk", "mật khẩu", "passcode")
    ]
    if words:
        suspect.append("có lời lẽ kẻ gian hay dùng: " + ", ".join(words[:4]))
    advice = tuple(pattern["reply"] for pattern in official.raw["scam_patterns"] if _fits(pattern, folded))
    return Verdict(tuple(dict.fromkeys(danger)), tuple(dict.fromkeys(suspect)), tuple(known), advice[:2])


def _examine_link(link: str, official: Official, danger: list[str], suspect: list[str], known: list[str]) -> None:
    host = (urlsplit(link if "://" in link else "https://" + link).hostname or "").lower().removeprefix("www.")
    if not host or "." not in host:
        return
    shown = host.replace(".", "[.]")  # never a link the resident could tap
    if host in official.fake_hosts or any(host.endswith("." + fake) for fake in official.fake_hosts):
        danger.append(f"{shown} là trang giả đã bị công an, báo chí nêu tên")
    elif host in official.hosts or any(host.endswith("." + one) for one in official.hosts):
        entry = official.hosts.get(host) or next(e for h, e in official.hosts.items() if host.endswith("." + h))
        known.append(f"{host} là địa chỉ của {entry['owner']}. Bà con nên tự gõ địa chỉ, đừng bấm vào liên kết")
    elif host.endswith(".gov.vn"):
        suspect.append(
            f"{shown} có đuôi .gov.vn của cơ quan nhà nước nhưng Loa chưa có trong danh sách; bà con tự gõ địa chỉ chính thức cho chắc"
        )
    elif any(word in host.replace("-", "") for word in _STATE_WORDS):
        danger.append(f"{shown} giả giống trang nhà nước: trang thật phải kết thúc bằng .gov.vn")
    elif host in _SHORTENERS:
        suspect.append(f"{shown} là liên kết rút gọn, giấu địa chỉ thật")
    else:
        suspect.append(f"{shown} không phải trang nhà nước mà Loa biết")


def _fits(pattern: dict[str, str], folded: str) -> bool:
    """Whether a known trick shares enough telling words with the message."""
    keys = {
        "gia_cong_an_vneid": r"\b(cong an|can bo)\b.*\b(vneid|can cuoc|dinh danh|muc 2)\b|\b(vneid|dinh danh).*\b(loi|khoa|dong bo)\b",
        "sap_nhap_dia_chi": r"\b(sap nhap|cap nhat dia chi|bo cap huyen)\b",
        "phi_nho": r"\b(dong phi|nop phi|le phi)\b.*\b(hoan tat|nang cap|ho so)\b|22[. ]?000",
        "qua_tro_cap": r"\b(nhan qua|tro cap|ho tro|hoan tien|qua 2/9)\b",
        "phat_nguoi": r"\b(phat nguoi|no phat|nop phat)\b",
        "gia_dien_luc_thue_truong": r"\b(dien luc|evn|thue|nha truong|co giao|ngan hang|bhxh)\b",
        "bat_coc_online": r"\b(vien kiem sat|vu an|lenh bat|ma tuy|rua tien)\b",
    }
    key = keys.get(pattern["id"])
    return bool(key and re.search(key, folded))


def explain(verdict: Verdict) -> str:
    """The verdict as a resident reads it."""
    if verdict.danger:
        head = "⚠️ Bà con KHÔNG làm theo. Đây có dấu hiệu lừa đảo rõ:"
        reasons = verdict.danger + verdict.suspect
    elif verdict.suspect or not verdict.official:
        head = "⚠️ Loa không xác nhận được đây là thật. Bà con chưa làm theo vội."
        reasons = verdict.suspect
    else:
        head = "Loa chỉ xác nhận được địa chỉ, số điện thoại sau; còn người gửi là ai thì Loa không biết:"
        reasons = ()
    lines = [head, *(f"• {reason[0].upper()}{reason[1:]}." for reason in reasons), *(f"• {line}." for line in verdict.official)]
    if verdict.advice:
        lines += ["", *verdict.advice]
    lines += [
        "",
        "Bà con làm: dừng lại, không bấm, không cài, không đọc mã, không chuyển tiền. Tự gọi 1900.0368 hoặc hỏi công an xã, phường. "
        "Báo lừa đảo: 156 hoặc 5656; khẩn cấp: 113.",
    ]
    return "\n".join(lines)
