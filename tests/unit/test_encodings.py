"""Text is UTF-8 whatever the locale: ruff's PLW1514, and the calls whose type it can't infer."""

import ast
import subprocess
from pathlib import Path

import pytest

SOURCES = subprocess.run(
    ["git", "ls-files", "*.py"], capture_output=True, encoding="utf-8", check=False
).stdout.split()


@pytest.mark.skipif(not SOURCES, reason="not under version control")
def test_calls_that_read_or_write_text_name_an_encoding():
    unnamed = [
        f"{name}:{call.lineno}"
        for name in SOURCES
        for call in ast.walk(ast.parse(Path(name).read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _depends_on_locale(call)
    ]
    assert unnamed == []


def _depends_on_locale(call):
    function = getattr(call.func, "attr", getattr(call.func, "id", ""))
    given = {keyword.arg for keyword in call.keywords}
    if function in ("read_text", "write_text"):
        return "encoding" not in given
    return function in ("run", "Popen", "check_output") and "text" in given
