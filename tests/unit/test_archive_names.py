"""Names in archives, and lists of checksums, which sha256sum reads."""

import subprocess

import pytest

from normscape.archive import checksums, names

ODD = [
    "plain.txt",
    "two  spaces.txt",
    "notes 12:30.txt",
    r"a\b.txt",
    "two\nlines.txt",
    "carriage\rreturn",
    "ends with\r",
    "line\u2028separator",
    "nfc-\u00f6",
    "nfd-o\u0308",
    "*star",
    " leading",
    r"a\n",
    "日本.txt",
]


def test_lists_round_trip():
    expected = {name: f"{number:064x}" for number, name in enumerate(ODD)}
    text = "".join(checksums.line(value, name) for name, value in expected.items())
    assert checksums.read(text) == expected
    assert checksums.read(text.replace("\n", "\r\n")) == expected
    assert checksums.read(f"nonsense\n\n{'0' * 63}  short\n") == {}


def test_sha256sum_reads_and_writes_the_same(tmp_path):
    for name in ODD:
        (tmp_path / name).write_text(name, encoding="utf-8")
    written = subprocess.run(
        ["sha256sum", "--", *ODD], cwd=tmp_path, capture_output=True, check=True
    ).stdout.decode()
    sums = checksums.read(written)
    assert sums.keys() == set(ODD)
    text = "".join(checksums.line(sums[name], name) for name in ODD)
    assert text == written


@pytest.mark.parametrize(
    "name", ["/etc/a", "../a", "a/../b", r"..\a", r"a\..\b", r"\a", "C:/a", "c:a"]
)
def test_names_that_lead_outside_are_refused(name):
    assert not names.stays_inside(name)
    with pytest.raises(ValueError, match="inside"):
        names.in_archive(name)


@pytest.mark.parametrize("name", [*ODD, "a..b", "a/...", "x/C:"])
def test_names_that_stay_inside(name):
    assert names.in_archive(name) == name
    assert names.on_disk(name) == name


def test_a_name_that_is_not_utf8_is_named():
    with pytest.raises(ValueError, match=r"b\\udcff\.py"):
        names.in_archive("src/b\udcff.py")
    assert names.on_disk("b\udcff") == "b\udcff"
