"""Files as people export them, whole and broken."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.csvfile import LONGEST_LINE, CsvFile, Rejects, Row, detect_encoding, safe_cell


def _rows(path: Path, content: str | bytes, encoding: str = "utf-8") -> list[Row]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    file = CsvFile(path)
    try:
        return list(file.rows())
    finally:
        file.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_usual_encodings_separators_and_line_ends(
    path: Path, encoding: str, separator: str, end: str
) -> None:
    text = f"姓名{separator}地址{end}王芳{separator}中山路{end}"
    assert _rows(path, text, encoding) == [Row(1, ["姓名", "地址"]), Row(2, ["王芳", "中山路"])]


def test_chinese_far_behind_the_beginning_still_tells_the_encoding(path: Path) -> None:
    path.write_bytes(b"name\n" + b"Li\n" * 50_000 + "王芳".encode("gb18030"))
    assert detect_encoding(path) == "gb18030"


@pytest.mark.parametrize(("encoding", "broken"), [("utf-8", b"\xff\xfe"), ("gb18030", b"\xff\xff")])
def test_one_line_in_another_encoding_is_refused_alone(path: Path, encoding: str, broken: bytes) -> None:
    lines = [
        "姓名,地址".encode(encoding),
        "王芳,路".encode(encoding),
        b"Li," + broken,
        "赵,街".encode(encoding),
    ]
    rows = _rows(path, b"\n".join(lines))
    assert [row.line for row in rows if row.problem] == [3]
    assert [row.cells[0] for row in rows if not row.problem] == ["姓名", "王芳", "赵"]


def test_quotes_commas_and_line_breaks_inside_cells(path: Path) -> None:
    rows = _rows(path, 'name,address\n"Li, ""Bob""","Road 1\nFlat 2"\n\n,,\nWang,x\n')
    assert rows == [
        Row(1, ["name", "address"]),
        Row(2, ['Li, "Bob"', "Road 1\nFlat 2"]),
        Row(6, ["Wang", "x"]),
    ]


def test_a_quote_never_closed_costs_one_line(path: Path) -> None:
    body = "".join(f"N{n},x\n" for n in range(100))
    rows = _rows(path, f'name,address\nLi,"Road 1\n{body}')
    assert [(row.line, bool(row.problem)) for row in rows[:3]] == [(1, False), (2, True), (3, False)]
    assert len([row for row in rows if not row.problem]) == 101


def test_a_stray_quote_inside_a_cell_is_text(path: Path) -> None:
    rows = _rows(path, 'name,address\nLi,pipe 5"\nWang,x\nZhao,pipe 6"\nSun,y\n')
    assert [(row.line, row.cells[1], row.problem) for row in rows[1:]] == [
        (2, 'pipe 5"', ""),
        (3, "x", ""),
        (4, 'pipe 6"', ""),
        (5, "y", ""),
    ]


def test_text_behind_a_closing_quote_is_refused(path: Path) -> None:
    rows = _rows(path, 'name,address\n"Li" x,y\nWang,z\n')
    assert [(row.line, bool(row.problem)) for row in rows] == [(1, False), (2, True), (3, False)]


def test_a_line_without_end_is_refused_and_passed_over(path: Path) -> None:
    rows = _rows(path, f"name\n{'x' * (LONGEST_LINE * 3)}\nWang\n")
    assert [(row.line, bool(row.problem)) for row in rows] == [(1, False), (2, True), (3, False)]
    assert max(len(cell) for row in rows for cell in row.cells) <= 200


@given(st.binary(max_size=400))
def test_any_bytes_are_read_to_the_end(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    for row in _rows(path, content):
        assert row.line >= 1


@pytest.mark.parametrize("text", ["=1+1", "+8613812345678", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_formulas_are_defused(text: str) -> None:
    assert safe_cell(text) == "'" + text
    assert safe_cell("王芳") == "王芳"


def test_the_report_says_line_and_reason_and_defuses_the_row(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path / "r.csv", ["姓名", "=x"])
    rejects.add(Row(7, ["=HYPERLINK()", "-1"]), "because")
    assert rejects.close() == tmp_path / "r.csv"
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "reason", "姓名", "'=x"],
            ["7", "because", "'=HYPERLINK()", "'-1"],
        ]


def test_an_empty_report_is_taken_away(tmp_path: Path) -> None:
    assert Rejects(tmp_path / "r.csv", ["name"]).close() is None
    assert not (tmp_path / "r.csv").exists()
