"""`python -m bot.content`: report every mistake in the content; exit 1 if there is one."""

import sys

from bot.content.library import load
from bot.errors import ContentError
from bot.settings import load as load_settings


def main() -> int:
    try:
        library = load(load_settings().content_dir)
    except ContentError as error:
        print(error)
        return 1
    for problem in library.warnings:
        print(problem)
    print(f"Nội dung đúng: {len(library.topics)} câu hỏi, {sum(len(topic.answers) for topic in library.topics.values())} câu trả lời theo giai đoạn.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
