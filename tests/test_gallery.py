"""The gallery: every piece becomes a picture and a part of the page, or text where there is no Graphviz."""

import html
import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tinygrad_edu import cli, gallery
from tinygrad_edu.errors import RenderError

ROOT = Path(__file__).parents[1]

without_renderer = pytest.mark.skipif(shutil.which("dot") is None and find_spec("pygraphviz") is None,
                                      reason="no Graphviz")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a gallery."""
    out = tmp_path_factory.mktemp("gallery")
    assert cli.main(["gallery", "--out", str(out)]) == 0
    return out


def figures(out):
    return re.findall("<figure>.*?</figure>", (out / "index.html").read_text(encoding="utf-8"), re.DOTALL)


@without_renderer
def test_all_files_are_there_and_nothing_else(made):
    assert sorted(os.listdir(made)) == sorted(gallery.FILES)
    for name in gallery.FILES:
        if name.endswith(".svg"):
            assert "</svg>" in (made / name).read_text(encoding="utf-8")


@without_renderer
def test_the_page_has_every_picture_once_with_its_caption_and_its_code(made):
    parts = figures(made)
    assert len(parts) == len(gallery.PIECES)
    for number, (part, piece) in enumerate(zip(parts, gallery.PIECES.values(), strict=True), start=1):
        assert sum(part.count(tag) for tag in ("<svg", "<iframe", "<table")) == 1
        assert f"<b>{number}. " in part and f"{gallery.described(piece)[0].split('. ')[0]}</b>" in html.unescape(part)
        assert "return tg." in part


@without_renderer
def test_the_page_is_complete_in_itself_and_no_id_comes_twice(made):
    text = (made / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text and not re.search(r'(?:src|href)="https?:', text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)) > 100


@without_renderer
def test_the_pictures_are_light_and_dark(made):
    for part in figures(made)[:9]:
        assert "prefers-color-scheme: dark" in part
    assert "prefers-color-scheme: dark" in (made / "10-steps.html").read_text(encoding="utf-8")


@without_renderer
def test_the_same_bytes_every_time(made, tmp_path):
    gallery.run(tmp_path)
    for name in gallery.FILES:
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


@without_renderer
def test_the_picture_in_the_readme_is_one_of_them(made):
    pictures = [made / "07-units.svg", ROOT / "notebooks" / "pictures" / "network.svg"]
    # texts and not bytes: each version of Graphviz places them a little differently
    drawn, shown = (re.findall(r"<text[^>]*>(.*?)</text>", path.read_text(encoding="utf-8")) for path in pictures)
    assert "a₁⁽⁴⁾" in shown and sorted(drawn) == sorted(shown)


def test_without_graphviz_the_page_has_texts_and_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert cli.main(["gallery", "--out", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert output.count("needs Graphviz: pip install") == 1
    assert "index.html" in os.listdir(tmp_path) and not [n for n in os.listdir(tmp_path) if n.endswith(".svg")]
    parts = figures(tmp_path)
    assert len(parts) == len(gallery.PIECES)
    assert "a₁⁽²⁾ = tanh(" in parts[6] and "∂y/∂x" in parts[2] and "<table" in parts[10]


def test_what_graphviz_cannot_draw_is_text(monkeypatch, tmp_path, capsys):
    def fail(*arguments):
        raise RenderError("dot failed: out of memory")

    monkeypatch.setattr("tinygrad_edu.drawing.graph_drawing.render", fail)
    gallery.run(tmp_path)
    assert "Text in place of pictures: dot failed: out of memory" in capsys.readouterr().out
    assert len(figures(tmp_path)) == len(gallery.PIECES)


def test_a_failed_write_leaves_no_half_file(monkeypatch, tmp_path):
    def fail(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    assert cli.main(["gallery", "--out", str(tmp_path)]) == 1
    assert os.listdir(tmp_path) == []


def test_a_bad_folder_is_refused_in_a_line(capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit, match="2"):
        cli.main(["gallery", "--out", str(tmp_path / "file")])
    assert capsys.readouterr().err.endswith("it is a file\n")


def test_captions_and_code_are_those_of_the_functions():
    caption, code = gallery.described(gallery.fan_out)
    assert caption == ("One Value, used three times. There are two arrows for x·x; the gradient of x is the sum of "
                       "what all bring.")
    assert code == 'x = tg.Value(3.0, name="x")\ny = x * x + x\ny.backward()\nreturn tg.draw(y, names=locals())'
    assert all(". " in gallery.described(piece)[0] for piece in gallery.PIECES.values())


def test_the_pieces_show_what_they_say():
    steps = gallery.two_steps().view.picture.boxes
    result = steps[-1]
    assert result.name == "J" and result.value.numbers[0] == "2.25→0.36"  # (w x + b - y)² with α = 0.06
    x = gallery.fan_out().view.picture.boxes[0]
    assert x.name == "x" and x.gradient.numbers == ("+7",)  # d(x² + x)/dx = 2x + 1
    assert gallery.vanishing_gradients().view.picture.heat
