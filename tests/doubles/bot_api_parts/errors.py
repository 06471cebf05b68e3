"""What the Bot API answers when it refuses."""

import json
from typing import Any


class ApiError(Exception):
    """Answered with a real HTTP status and Telegram's wording; `parameters` are `retry_after` or `migrate_to_chat_id`."""

    def __init__(self, status: int, description: str, **parameters: int):
        self.status, self.description, self.parameters = status, description, parameters
        super().__init__(description)

    def body(self) -> bytes:
        body: dict[str, Any] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return json.dumps(body).encode()


def bad_request(what: str) -> ApiError:
    return ApiError(400, f"Bad Request: {what}")


def too_many(retry_after: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)
