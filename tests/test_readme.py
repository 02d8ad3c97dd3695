"""The tour of the README: every command runs as printed, and the answers shown are true."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
MARK = "=== end of a block ==="


def blocks() -> list[tuple[str, str]]:
    """The code blocks of the tour with their languages, in order."""
    tour = README.read_text().split("## A five-minute tour")[1].split("\n## ")[0]
    return [(found[1], found[2]) for found in re.finditer(r"^```(sh|json)\n(.*?)^```$", tour, re.MULTILINE | re.DOTALL)]


def assert_shows(shown: object, answer: object, place: str = "answer") -> None:
    """Everything shown must be in the answer, which may hold more keys."""
    if isinstance(shown, dict):
        assert isinstance(answer, dict), place
        for name, value in shown.items():
            assert name in answer, f"{place} has no {name}"
            assert_shows(value, answer[name], f"{place}.{name}")
    elif isinstance(shown, list):
        assert isinstance(answer, list), place
        assert len(answer) == len(shown), place
        for index, value in enumerate(shown):
            assert_shows(value, answer[index], f"{place}[{index}]")
    else:
        assert answer == shown, f"{place} is {answer!r}"


def test_the_tour_does_what_it_says(server: str, token: str) -> None:
    scripts = [text for language, text in blocks() if language == "sh"]
    script = "".join(f"{text}\necho; echo '{MARK}'\n" for text in scripts)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:3000", server)],
        env={**os.environ, "KEY": token},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    outputs = done.stdout.split(MARK)[: len(scripts)]

    assert len(outputs) == len(scripts) >= 6
    shown = 0
    for language, text in blocks():
        if language == "sh":
            answer = outputs.pop(0).strip()
            assert '"statusCode"' not in answer, answer
        else:
            assert_shows(json.loads(text), json.loads(answer))
            shown += 1
    assert shown >= 4


def test_what_is_not_in_the_answer_is_noticed() -> None:
    with pytest.raises(AssertionError, match=r"answer\.a\[0\]"):
        assert_shows({"a": [1]}, {"a": [2]})


PAGES = [README, *README.parent.glob("C*.md"), *(README.parent / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
