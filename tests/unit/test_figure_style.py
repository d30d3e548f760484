"""Figures look the same whatever matplotlib finds in the user's settings."""

import os
import subprocess
import sys

import pytest

from tools.project import PROJECT

DRAW = """
{before}
from normscape.figures import panels, style

def draw():
    figure = panels.new_figure(2)
    axes = figure.subplots()
    axes.plot([1, 2000.5], [0.5, 3], label="größe $\\\\beta$")
    axes.set_ylabel("Loss")
    axes.legend()
    return figure

figure = draw()
for name in {files}:
    style.save(figure, name)
draw().savefig("savefig.png")
"""
FILES = ("figure.png", "figure.pdf", "again.png", "again.pdf")
MATPLOTLIBRC = (
    b"font.size: 20\naxes.facecolor: black\naxes.formatter.use_locale: True\n"
)


def draw(folder, before="", **variables) -> list[bytes]:
    subprocess.run(
        [sys.executable, "-c", DRAW.format(before=before, files=FILES)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "src")} | variables,
        check=True,
    )
    return [(folder / name).read_bytes() for name in (*FILES, "savefig.png")]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("plain"))


def test_a_figure_may_be_saved_again(plain):
    assert plain[2:4] == plain[:2]


def test_positions_are_those_of_savefig(plain):
    assert plain[4] == plain[0]


@pytest.mark.parametrize(
    "backend",
    ["module://matplotlib_inline.backend_inline", "Qt4Agg", "TkAgg", "nonsense"],
)
def test_a_backend_of_a_notebook_or_a_desktop(plain, tmp_path, backend):
    assert draw(tmp_path, MPLBACKEND=backend) == plain


@pytest.mark.parametrize(
    ("place", "content"),
    [
        *((place, b"\xff\xfe bytes") for place in ("here", "variable", "home")),
        ("here", b"text.usetex: True\n"),
        ("home", MATPLOTLIBRC),
    ],
)
def test_a_users_matplotlibrc(plain, tmp_path, place, content):
    folder = {
        "here": tmp_path,
        "variable": tmp_path / "rc",
        "home": tmp_path / "matplotlib",
    }
    folder[place].mkdir(exist_ok=True)
    (folder[place] / "matplotlibrc").write_bytes(content)
    variables = {"MATPLOTLIBRC": str(tmp_path / "rc"), "XDG_CONFIG_HOME": str(tmp_path)}
    assert draw(tmp_path, **variables) == plain


def test_matplotlib_may_have_been_imported_before(plain, tmp_path):
    """As in a process that starts scripts as forks."""
    (tmp_path / "matplotlibrc").write_bytes(MATPLOTLIBRC)
    assert draw(tmp_path, before="import matplotlib.pyplot") == plain
