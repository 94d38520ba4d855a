"""YAML files keep their lines, refuse what would be misread, and fail with a sentence."""

from pathlib import Path

import pytest

from schemas.problems import Problem
from schemas.yaml_lines import load_document, load_documents


def write(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_line_of_keys_items_and_nearest_ancestor(tmp_path):
    path = write(tmp_path, "a: 1\nb:\n  - x: 1\n  - y: 2\n    z:\n      deep: 3\n")
    document = load_document(path)
    assert document.line() == 1
    assert document.line("b") == 2
    assert document.line("b", 1) == 4
    assert document.line("b", 1, "z", "deep") == 6
    assert document.line("b", 1, "missing", "deeper") == 4
    assert document.line("b", 9) == 2


def test_lines_go_on_counting_in_the_second_document(tmp_path):
    first, second = load_documents(write(tmp_path, "a: 1\n---\nb: 2\n---\n"))
    assert (first.line("a"), second.line("b")) == (1, 3)


def test_scalars_follow_yaml_1_2(tmp_path):
    data = load_document(write(tmp_path, "a: on\nb: no\nc: 00123\nd: 2024-03-05\ne: true\nf: 12\ng: 12:30\n")).data
    assert data == {"a": "on", "b": "no", "c": "00123", "d": "2024-03-05", "e": True, "f": 12, "g": "12:30"}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: [1, 2\n", "yaml_broken", 3),
        ("a: 1\n b: 2\n", "yaml_broken", 2),
        ("a: 1\nb: \x01\n", "yaml_broken", 2),
        ("a: 1\nb: 2\na: 3\n", "yaml_duplicate_key", 3),
        ("x:\n  ? [1, 2]\n  : 3\n", "yaml_broken", 2),
        ("a: !!python/object/apply:os.getcwd []\n", "yaml_broken", 1),
    ],
)
def test_broken_yaml_names_file_and_line(tmp_path, text, code, line):
    path = write(tmp_path, text)
    with pytest.raises(Problem) as caught:
        load_documents(path)
    assert caught.value.code == code
    assert caught.value.params["line"] == line
    assert str(path) in caught.value.text("en")
    assert str(path) in caught.value.text("zh")


def test_gbk_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "gbk.yaml"
    path.write_bytes(b"a: 1\nb: " + "物料".encode("gbk"))
    with pytest.raises(Problem) as caught:
        load_documents(path)
    assert (caught.value.code, caught.value.params["line"]) == ("yaml_not_utf8", 2)


def test_alias_bomb_and_endless_nesting_stop_early(tmp_path):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 12):
        bomb += f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 10) + "]\n"
    for text in (bomb, "a: &a [*a]\n", "[" * 3000):
        with pytest.raises(Problem) as caught:
            load_documents(write(tmp_path, text))
        assert caught.value.code in {"yaml_too_big", "yaml_broken"}


def test_missing_file_and_wrong_number_of_documents(tmp_path):
    with pytest.raises(Problem) as caught:
        load_documents(tmp_path / "none.yaml")
    assert caught.value.code == "yaml_missing"
    with pytest.raises(Problem) as caught:
        load_document(write(tmp_path, "# nothing\n"))
    assert caught.value.code == "yaml_one_document"
