"""How residents shorten words and speak in Nghệ An: tables the normaliser applies.

Keys and values are lower-case NFC. A key with several words is matched as a phrase, before single words.
"""

# Tables are read across; one entry a line would be six hundred.
# fmt: off

# Written short, by text message habit or because the name is long. Phrases settle what a short form means in company.
SHORTHAND = {
    # in company
    "ko dc": "không được", "k dc": "không được", "ko dk": "không được", "k dk": "không được", "ko đk": "không được",
    "k đk": "không được", "đc ko": "được không", "dc ko": "được không", "dc k": "được không", "đc k": "được không",
    "dk k": "được không", "dk ko": "được không", "đk ko": "được không", "đk k": "được không", "có dk": "có được", "co dk": "có được",
    "bn tiền": "bao nhiêu tiền", "bn tien": "bao nhiêu tiền", "bn tuổi": "bao nhiêu tuổi", "bn tuoi": "bao nhiêu tuổi",
    "bn ngày": "bao nhiêu ngày", "bn ngay": "bao nhiêu ngày", "bn lâu": "bao lâu", "bn lau": "bao lâu", "hết bn": "hết bao nhiêu",
    "het bn": "hết bao nhiêu", "mất bn": "mất bao nhiêu", "mat bn": "mất bao nhiêu", "phí bn": "phí bao nhiêu", "phi bn": "phí bao nhiêu",
    "bn phí": "bao nhiêu phí", "bn": "bao nhiêu", "bn ơi": "bạn ơi", "bn oi": "bạn ơi", "các bn": "các bạn", "cac bn": "các bạn",
    "mk muốn": "mình muốn", "mk muon": "mình muốn", "mk hỏi": "mình hỏi", "mk hoi": "mình hỏi", "mk cần": "mình cần", "mk can": "mình cần",
    "mk có": "mình có", "mk co": "mình có", "mk ở": "mình ở", "mk làm": "mình làm", "của mk": "của mình", "cua mk": "của mình", "cho mk": "cho mình",
    "nhà mk": "nhà mình", "nha mk": "nhà mình",
    "quên mk": "quên mật khẩu", "quen mk": "quên mật khẩu", "đổi mk": "đổi mật khẩu", "doi mk": "đổi mật khẩu", "mk vneid": "mật khẩu vneid",
    "sai mk": "sai mật khẩu", "lấy lại mk": "lấy lại mật khẩu", "lay lai mk": "lấy lại mật khẩu", "mất mk": "mất mật khẩu", "mat mk": "mất mật khẩu",
    "nhập mk": "nhập mật khẩu", "nhap mk": "nhập mật khẩu", "mk": "mình",
    "ca xã": "công an xã", "ca xa": "công an xã", "ca phường": "công an phường", "ca phuong": "công an phường", "ca huyện": "công an huyện",
    "ca huyen": "công an huyện", "ca tỉnh": "công an tỉnh", "ca tinh": "công an tỉnh", "cax": "công an xã",
    "dt dd": "điện thoại di động", "đt dđ": "điện thoại di động",
    "hs ntn": "hồ sơ như thế nào", "nộp hs": "nộp hồ sơ", "nop hs": "nộp hồ sơ", "tra hs": "tra hồ sơ", "hs": "hồ sơ",
    "mã hs": "mã hồ sơ", "ma hs": "mã hồ sơ", "bộ hs": "bộ hồ sơ", "các cháu hs": "các cháu học sinh",
    # everyday words
    "ko": "không", "k": "không", "kg": "không", "khg": "không", "kh": "không", "hok": "không", "hk": "hộ khẩu", "hông": "không",
    "hổng": "không", "khum": "không", "hem": "không", "hăm": "không", 
    "dc": "được", "đc": "được", "đx": "được", "đuọc": "được", "dk": "đăng ký", "đk": "đăng ký", "đki": "đăng ký", "dki": "đăng ký", "đkí": "đăng ký",
    "đky": "đăng ký", "dky": "đăng ký", "j": "gì", "gi": "gì", "ji": "gì", "z": "vậy", "zậy": "vậy", "dzậy": "vậy", "zay": "vậy", "v": "vậy",
    "zị": "vậy", "ntn": "như thế nào", "nthe": "như thế", "nhtn": "như thế nào", "tnao": "thế nào", "tn": "thế nào", "lm": "làm", "lam sao": "làm sao", "cx": "cũng",
    "cg": "cũng", "cug": "cũng", "nx": "nữa", "nưa": "nữa", "trc": "trước", "trk": "trước", "vs": "với", "vz": "với", "r": "rồi", "rùi": "rồi", "rui": "rồi",
    "gòi": "rồi", "ròi": "rồi", "roài": "rồi", "bjo": "bây giờ", "bjờ": "bây giờ", "bh": "bây giờ", "bgio": "bây giờ", "bg": "bây giờ",
    "wa": "quá", "qá": "quá", "qa": "quá", "wá": "quá", "ng": "người", "ngta": "người ta", "mn": "mọi người", "mng": "mọi người",
    "nc": "nước", "ms": "mới", "bít": "biết", "bjt": "biết", "bjk": "biết", "bik": "biết", "biet": "biết", "bt": "biết", "nhìu": "nhiều", "nhiu": "nhiêu", "bnhiu": "bao nhiêu",
    "bnhiêu": "bao nhiêu", "bnhieu": "bao nhiêu", "bao nhiu": "bao nhiêu", "bnh": "bao nhiêu", "lun": "luôn", "thui": "thôi", "mún": "muốn", "mun": "muốn", "mug": "mong",
    "ah": "à", "uh": "ừ", "uk": "ừ", "ukm": "ừ", "oke": "ok", "okie": "ok", "okey": "ok", "e": "em", "a": "anh", "c": "chị",
    "đg": "đang", "dg": "đang", "đag": "đang", "ik": "đi", "iu": "yêu", "cj": "chị", "chj": "chị", "bm": "bố mẹ", "ck": "chuyển khoản", "cmon": "cảm ơn", "cám ơn": "cảm ơn",
    "tks": "cảm ơn", "thks": "cảm ơn", "thanks": "cảm ơn", "thank": "cảm ơn", "thk": "cảm ơn", "đb": "đặc biệt", "vd": "ví dụ", "ib": "nhắn tin", "rep": "trả lời", "tl": "trả lời", "hd": "hướng dẫn",
    "hdan": "hướng dẫn", "hdẫn": "hướng dẫn", "hđ": "hướng dẫn", "đn": "đâu nhỉ", "dau z": "đâu vậy", "nt": "nhắn tin", "tg": "thời gian", "sn": "sinh năm", "lq": "liên quan", "qđ": "quy định", "qd": "quy định",
    "ktra": "kiểm tra", "xl": "xử lý", "bs": "bổ sung", "tcuu": "tra cứu", "ttin": "thông tin",
    # things and offices
    "cccd": "căn cước công dân", "cc": "căn cước", "cccđ": "căn cước công dân", "cmnd": "chứng minh nhân dân", "cmt": "chứng minh thư", "cmtnd": "chứng minh thư nhân dân", "cmdn": "chứng minh nhân dân",
    "shk": "sổ hộ khẩu", "sổ hk": "sổ hộ khẩu", "so hk": "sổ hộ khẩu", "stt": "sổ tạm trú", "kt3": "sổ tạm trú", "dvc": "dịch vụ công", "dvctt": "dịch vụ công trực tuyến", "cdvc": "cổng dịch vụ công",
    "cdvcqg": "cổng dịch vụ công quốc gia", "dvcqg": "dịch vụ công quốc gia", "bhyt": "bảo hiểm y tế", "thẻ bh": "thẻ bảo hiểm", "the bh": "thẻ bảo hiểm", "bhxh": "bảo hiểm xã hội", "gplx": "giấy phép lái xe", "blx": "bằng lái xe",
    "gks": "giấy khai sinh", "ks": "khai sinh", "gkt": "giấy khai tử", "đkks": "đăng ký khai sinh", "dkks": "đăng ký khai sinh", "đkkh": "đăng ký kết hôn", "dkkh": "đăng ký kết hôn", "kh online": "kết hôn online", "đktt": "đăng ký thường trú", "dktt": "đăng ký thường trú",
    "llpt": "lý lịch tư pháp", "lltp": "lý lịch tư pháp", "hc": "hộ chiếu", "csgt": "cảnh sát giao thông", "đkx": "đăng ký xe", "dkx": "đăng ký xe", "cavet": "đăng ký xe", "cà vẹt": "đăng ký xe", "ubnd": "ủy ban nhân dân", "ub": "ủy ban",
    "uỷ ban": "ủy ban", "ca": "công an", "cán bộ ca": "cán bộ công an", "tk": "tài khoản", "stk": "số tài khoản", "sđt": "số điện thoại", "sdt": "số điện thoại", "đt": "điện thoại", "dt": "điện thoại", "dthoai": "điện thoại", "đthoại": "điện thoại", "dđ": "di động",
    "đddt": "định danh điện tử", "dddt": "định danh điện tử", "đdđt": "định danh điện tử", "ddđt": "định danh điện tử", "dddtu": "định danh điện tử", "đd": "định danh", "dd": "định danh", "ddanh": "định danh", "đdanh": "định danh",
    "tp": "thành phố", "tx": "thị xã", "kết quả hs": "kết quả hồ sơ", "mxn": "mã xác nhận", "mã xn": "mã xác nhận", "pass": "mật khẩu", "password": "mật khẩu",
    "vnid": "vneid", "vned": "vneid", "vnied": "vneid", "vnei": "vneid", "vneiđ": "vneid", "vnd": "vneid", "vn eid": "vneid", "vne id": "vneid", "vnedi": "vneid", "veneid": "vneid", "vineid": "vneid", "vi nờ e ai đi": "vneid", "căn cước cd": "căn cước công dân",
    "đa06": "đề án 06", "da06": "đề án 06", "đa 06": "đề án 06", "da 06": "đề án 06", "đề án 6": "đề án 06", "de an 6": "đề án 06", "gp lx": "giấy phép lái xe", "fb": "facebook", "face": "facebook", "zl": "zalo", "lđ": "lừa đảo",
    "ph": "phụ huynh", "gv": "giáo viên", "ngân hàg": "ngân hàng", "bv": "bệnh viện", "smartfone": "smartphone", "sờ mát phôn": "smartphone", "smart phone": "smartphone", "hotlai": "hotline", "hót lai": "hotline",
    "onl": "online", "ol": "online", "on lai": "online", "vietnam": "việt nam", "vn": "việt nam", "hcm": "hồ chí minh", "sg": "sài gòn", "hn": "hà nội",
}
# Nghệ An's own words. Phrases go first: "mô", "chi", "o", "răng", "ni", "tê" are also other words.
DIALECT = {
    "ở mô": "ở đâu", "đi mô": "đi đâu", "chỗ mô": "chỗ nào", "khi mô": "khi nào", "lúc mô": "lúc nào", "cái mô": "cái nào", "cấy mô": "cái nào",
    "thứ mô": "thứ nào", "người mô": "người nào", "ai mô": "ai đâu", "nơi mô": "nơi nào", "giấy mô": "giấy nào", "ngày mô": "ngày nào", "bên mô": "bên nào", "đàng mô": "đường nào", "mô rồi": "đâu rồi", "mô hè": "đâu nhỉ", "bựa mô": "hôm nào", "chừng mô": "chừng nào",
    "răng rứa": "sao vậy", "mần răng": "làm sao", "làm răng": "làm sao", "vì răng": "vì sao", "tại răng": "tại sao", "thì răng": "thì sao", "răng mà": "sao mà", "như răng": "như thế nào", "ra răng": "ra sao", "răng lại": "sao lại", "răng nỏ": "sao không", "có răng không": "có sao không",
    "rứa thì": "vậy thì", "như rứa": "như vậy", "làm chi": "làm gì", "mần chi": "làm gì", "cái chi": "cái gì", "cấy chi": "cái gì", "cấy ni": "cái này", "cấy nớ": "cái đó", "cấy tê": "cái kia", "giấy tờ chi": "giấy tờ gì", "có chi": "có gì", "cần chi": "cần gì", "những chi": "những gì",
    "mang chi": "mang gì", "đưa chi": "đưa gì", "là chi": "là gì", "chi rứa": "gì vậy", "bựa ni": "hôm nay", "bựa nay": "hôm nay", "bựa trước": "hôm trước", "mấy bựa": "mấy hôm", "bựa qua": "hôm qua", "bựa tê": "hôm kia", "hôm tê": "hôm kia",
    "năm ni": "năm nay", "giừ ni": "giờ này", "bây giừ": "bây giờ", "bay giừ": "bây giờ", "khi ni": "lúc này", "chừ": "giờ", "giừ": "giờ", "đời ni": "đời này", "như ri": "như thế này", "ri": "thế này", "ở ni": "ở đây", "chỗ ni": "chỗ này", "bên ni": "bên này", "bên tê": "bên kia", "chỗ nớ": "chỗ đó",
    "ông mệ": "ông bà", "mệ": "bà", "o tui": "cô tôi", "o nớ": "cô đó", "o ơi": "cô ơi", "mấy o": "mấy cô", "các o": "các cô", "chú o": "cô chú", "bầy tui": "chúng tôi", "bây choa": "chúng tôi", "choa": "chúng tôi", "tụi tui": "chúng tôi",
    "bọ": "bố", "mạ": "mẹ", "eng": "anh", "ả": "chị", "con gấy": "vợ", "gấy": "vợ", "nhông": "chồng", "cháu tui": "cháu tôi", "mi": "mày", "hấn": "nó", "ngài": "người", "trốc": "đầu", "trốc cúi": "đầu gối", "nác": "nước", "ngái": "xa", "đàng": "đường", "rọng": "ruộng", "tru": "trâu",
    "mô": "đâu", "răng": "sao", "rứa": "vậy", "chi": "gì", "mần": "làm", "nỏ": "không", "nỏ biết": "không biết", "chưa nỏ": "chưa", "tê": "kia", "bựa": "hôm", "ni": "này", "nớ": "đó", "tui": "tôi", "cấy": "cái", "cại": "cái", "cấy thẻ": "cái thẻ",
    "hầy": "nhỉ", "hè": "nhỉ", "nạ": "nào", "mà răng": "mà sao", "lộ": "chỗ", "khôông": "không", "đạ": "đã", "nhởi": "chơi", "thưng": "thằng", "đập trốc": "bực", "bổ": "ngã", "lặt": "nhặt", "rành": "rất", "cực rành": "rất",
    "thẻ ni": "thẻ này", "sổ ni": "sổ này", "bao giừ": "bao giờ", "khi mồ": "khi nào", "chộ": "thấy", "ngó": "xem", "dừ": "giờ", "bây dừ": "bây giờ", "hồi nớ": "hồi đó", "mô tê": "đâu đâu",
    # typed without diacritics: phrases only, the single words mean too much else
    "o mo": "ở đâu", "di mo": "đi đâu", "cho mo": "chỗ nào", "khi mo": "khi nào", "noi mo": "nơi nào", "cai mo": "cái nào", "luc mo": "lúc nào", "lam rang": "làm sao", "man rang": "làm sao", "vi rang": "vì sao", "rang rua": "sao vậy", "rang ma": "sao mà", "nhu rang": "như thế nào", "thi rang": "thì sao", "ra rang": "ra sao",
    "nhu rua": "như vậy", "the rua": "thế vậy", "chi rua": "gì vậy", "mo rua": "đâu vậy", "rua": "vậy", "man chi": "làm gì", "lam chi": "làm gì", "can chi": "cần gì", "mang chi theo": "mang gì theo", "cai chi": "cái gì", "cay chi": "cái gì", "la chi": "là gì", "dua chi": "đưa gì", "giay to chi": "giấy tờ gì", "giay chi": "giấy gì",
    "man": "làm", "bua ni": "hôm nay", "bua nay": "hôm nay", "may bua": "mấy hôm", "may bua ni": "mấy hôm nay", "nam ni": "năm nay", "no biet": "không biết", "ong me": "ông bà", "cay ni": "cái này", "cay the": "cái thẻ", "nhu ri": "như thế này",
}

# Where a dialect word is an ordinary word instead: the phrases that keep it.
NOT_DIALECT = [
    "mô hình", "mô tả", "quy mô", "mô tô", "mô phỏng", "mô đất", "chi phí", "chi trả", "chi nhánh", "chi tiết", "chi tiêu", "chi hội", "chi cục", "chi bộ", "chi đoàn", "chi lưu", "chi khê", "thu chi", "chi ngân sách", "chi tiền",
    "răng hàm", "đau răng", "khám răng", "nhổ răng", "làm răng giả", "bác sĩ răng", "răng miệng", "ni cô", "tê liệt", "đau tê", "tê tay", "tê chân", "bổ sung", "bổ túc", "thuốc bổ", "ngài đại sứ", "tăng ni", "ghế bành", "mi mắt", "mi li", 
    "hè này", "mùa hè", "nghỉ hè", "dịp hè", "lộ phí", "lộ trình", "lộ thông tin", "bị lộ", "lộ dữ liệu", "tiết lộ", "quốc lộ", "để lộ", "làm lộ", "lộ số", "sợ lộ", "ả rập", "rành mạch", "không rành", "rành rọt", "chưa rành", "rành công nghệ", "rành mấy", "ngó lơ", "mạ vàng",
    "an chi", "quỳnh chi", "linh chi", "kim chi", "diệp chi", "mai chi", "hà chi", "khánh chi",
    "man hinh", "lang man",
]

# Words that are not Vietnamese syllables but are as they should be: neither split nor decoded.
FOREIGN = frozenset(
    "app apps apk web website online offline internet wifi email gmail mail video camera zalo facebook messenger tiktok youtube google chrome android iphone ios samsung oppo xiaomi "
    "vneid vssid ct07 ct01 otp pin passcode password login sms sim qr nfc ekyc vnetraffic viettel vinaphone mobifone vietnamobile link server error hotline smartphone laptop "
    "momo vnpay vietcombank bidv agribank card visa ok hello hi admin bot chat chatbot robot ai gov vn com http https www pdf scan file photo face id update download upload "
    "store play apple store visa resort please thank thanks sorry yes no test reset code token shipper ship taxi grab covid vaccine vacxin vac xin f0 sos sapo seri serial "
    "is as or if of us are has was his her this post cost host best list last fast east west first most just must rest four your our hour for far car war her per are core more "
    "see fee free need feed deed been seen seem week meet keep sheet tree three too book look good food room door soon tool school cool "
    "add odd aaa aa ee oo dd asap pass miss less boss loss class access process address business press".split()
)
