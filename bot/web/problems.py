"""What the web says when it cannot answer: JSON with a short code for programs and a Vietnamese sentence for the reader."""

from typing import Annotated

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

BAD_REQUEST = "Yêu cầu gửi lên chưa đúng định dạng. Bà con tải lại trang rồi thử lại giúp Loa."
TOO_BIG = "Nội dung gửi lên lớn quá. Bà con gửi ngắn lại, mỗi lần một câu hỏi thôi nhé."
TOO_SLOW = "Đường truyền chậm quá, Loa chưa nhận đủ tin. Bà con gửi lại giúp nhé."
NOT_FOUND = "Không có trang này. Bà con về trang chính để hỏi Loa."


class Problem(BaseModel):
    """Every answer with a status of 4xx or 5xx."""

    error: Annotated[str, Field(description="Stable code", examples=["too_many"])]
    message: Annotated[str, Field(description="Vietnamese, fit to be shown to a resident")]


class Refused(Exception):
    """The question was not answered. `retry_after`: seconds, where waiting helps."""

    def __init__(self, status: int, error: str, message: str, retry_after: int | None = None):
        super().__init__(error)
        self.status, self.error, self.message, self.retry_after = status, error, message, retry_after

    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    def response(self) -> JSONResponse:
        return JSONResponse({"error": self.error, "message": self.message}, self.status, self.headers())
