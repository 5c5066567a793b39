"""Pictures as files, by a `dot` on the PATH and by pygraphviz, and what is there without either."""

import os
import shutil
import stat
import sys
from importlib.util import find_spec

import graphviz
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.drawing.graphs import loss_of_arrays, neuron, recurrent, shown, tooltips
from tinygrad_edu.drawing import render as rendering
from tinygrad_edu.drawing.labels import short_name
from tinygrad_edu.drawing.render import render
from tinygrad_edu.errors import ArgumentError, MissingDependencyError, RenderError

without_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="no dot on the PATH")
without_pygraphviz = pytest.mark.skipif(find_spec("pygraphviz") is None, reason="pygraphviz not installed")


def clear_path(monkeypatch, folder):
    monkeypatch.setenv("PATH", str(folder))


def hide_pygraphviz(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


@pytest.fixture(params=[pytest.param("dot", marks=without_dot),
                        pytest.param("pygraphviz", marks=without_pygraphviz)])
def renderer(request, monkeypatch, tmp_path_factory):
    """Each of the two, with the other out of reach."""
    if request.param == "dot":
        hide_pygraphviz(monkeypatch)
    else:
        clear_path(monkeypatch, tmp_path_factory.mktemp("empty"))
    return request.param


@pytest.fixture
def nothing(monkeypatch, tmp_path_factory):
    """Neither of the two."""
    hide_pygraphviz(monkeypatch)
    clear_path(monkeypatch, tmp_path_factory.mktemp("empty"))


def fake_dot(monkeypatch, folder, code):
    """A program `dot` in Python, the only one on the PATH."""
    folder.mkdir(exist_ok=True)
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys, time\n{code}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    clear_path(monkeypatch, folder)


def test_svg_has_every_node_and_every_arrow_once_with_their_texts(renderer):
    o = neuron()
    o.backward()
    svg = tg.draw(o)._repr_mimebundle_()["image/svg+xml"]
    nodes, arrows = shown(svg)
    assert [text.strip() for text in nodes["n1"]] == ["x1", "value", "2", "grad", "−1.5"]
    assert [text.strip() for text in nodes["n10"]] == ["tanh", "o", "0.7071", "grad", "+1"]
    assert set(nodes) == {f"n{i}" for i in range(1, 11)}
    assert arrows == dict.fromkeys(["n3->n6", "n1->n6", "n4->n7", "n2->n7", "n6->n8", "n7->n8", "n8->n9",
                                    "n5->n9", "n9->n10"], 1)
    for label in ("∂v₁/∂x1 = w1 = −3", "+0.5 × (−3) = −1.5", "∂o/∂v₄ = 1 − o² = 0.5"):
        assert f">\xa0{label}\xa0</text>" in svg
    for tooltip in ("data x1 = 2, grad −1.5",
                    "v₁ = −6, grad +0.5; multiply(w1, x1): y = a·b, element by element, dy/da = b, dy/db = a",
                    "b of multiply: ∂v₁/∂x1 = w1 = −3; the gradient of x1 gains +0.5 × (−3) = −1.5"):
        assert tooltip in tooltips(svg)


def test_a_square_has_two_arrows(renderer):
    x = tg.Value(3.0)
    assert shown(render(tg.draw(x * x).source, "svg"))[1] == {"n1->n2": 2}


@without_dot
@without_pygraphviz
@pytest.mark.parametrize("value", [neuron(), loss_of_arrays()], ids=["numbers", "arrays"])
def test_both_renderers_draw_the_same(value, monkeypatch, tmp_path):
    source = tg.draw(value).source
    with_dot = render(source, "svg")
    clear_path(monkeypatch, tmp_path)
    without = render(source, "svg")
    assert with_dot != without  # they are two programs, of two versions
    assert shown(with_dot) == shown(without)


def test_png_and_pdf(renderer, tmp_path):
    drawing = tg.draw(neuron())
    drawing.save(tmp_path / "graph.png")
    drawing.save(tmp_path / "graph.pdf")
    png = (tmp_path / "graph.png").read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(png[i:i + 4]) for i in (16, 20))
    assert 1000 < width < 3000 and 300 < height < 1500
    assert (tmp_path / "graph.pdf").read_bytes().startswith(b"%PDF-")


names = st.text(min_size=1, max_size=30) | st.text("<>&\"'\\{}|[]-;#NGETHLnlrbx/!", min_size=1, max_size=10)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(names, min_size=20, max_size=20))
def test_any_name_is_shown_as_text(renderer, names):
    y = tg.stack([tg.Value(1.0, name=name) for name in names])
    source = tg.draw(y).source
    svg = render(source, "svg")
    nodes, arrows = shown(svg)
    drawn = {nodes[f"n{i + 1}"][0] for i in range(len(names))}
    told = {tip.removeprefix("data ").removesuffix(" = 1, grad –") for tip in tooltips(svg)}
    for name in names:
        assert any(x.startswith(short_name(name)) for x in drawn), name
        assert any(x.startswith(short_name(name)) for x in told), name
    assert len(nodes) == len(names) + 1 and sum(arrows.values()) == len(names)


@pytest.mark.parametrize("name, text", [
    ("<b>bold</b>", "<b>bold</b>"), ("&lt;&amp;", "&lt;&amp;"), ("]]><script>", "]]><script>"), ("]", "]"),
    ('"quoted"', '"quoted"'), (r"\N \G \\ \n", r"\N \G \\ \n"), ("->", "->"), ("n1:port", "n1:port"),
    ("two\nlines\x00", r"two\nlines\x00"), ("\ud800", r"\ud800"), ("\u202egnp", r"\u202egnp"),
    ("x" * 10_000, "x" * 23 + "…"), ("loss ∂ 損失 🙂", "loss ∂ 損失 🙂"),
])
def test_names_that_could_break_something(renderer, name, text):
    x = tg.Value(2.0, name=name)
    y = tg.tanh(x)
    y.name = name
    svg = render(tg.draw(y).source, "svg")
    nodes, _ = shown(svg)
    assert nodes["n1"][0] == text
    assert nodes["n2"][1] == f"{text}₂"
    assert f"data {text} = 2, grad –" in tooltips(svg)
    assert str(tg.draw(y)).startswith(f"tanh  {text}₂ = 0.964, grad –\n")
    assert b"<script" not in svg


def test_symbols_and_options_of_users_are_text(renderer):
    @tg.primitive("f({x})", "<&\\N>", x=lambda g, y, x, note: g)
    def f(x, *, note=""):
        return x * 1.0

    nodes, _ = shown(render(tg.draw(f(tg.Value(1.0), note="<br/>&\n")).source, "svg"))
    assert nodes["n2"][:2] == [r"<&\N>", r"note='<br/>&\n'"]


def test_a_deep_graph_says_what_is_drawn(renderer):
    y = tg.Value(0.5)
    for _ in range(100_000):
        y = tg.tanh(y)
    svg = render(tg.draw(y, fold=False, max_nodes=30).source, "svg")
    nodes, arrows = shown(svg)
    assert len(nodes) == 31 and nodes["n1_more"] == ["⋯"] and arrows["n1_more->n1"] == 1
    assert "30 of 100001 nodes, those nearest the result" in svg.decode()


def test_without_a_renderer_the_error_names_both_cures(nothing, tmp_path):
    drawing = tg.draw(neuron())
    for ending in ("svg", "png", "pdf"):
        with pytest.raises(MissingDependencyError) as error:
            drawing.save(tmp_path / f"graph.{ending}")
        assert str(error.value).startswith(f'drawing as {ending} needs Graphviz: pip install '
                                           '"tinygrad_edu[draw]", or the system package graphviz')
    assert os.listdir(tmp_path) == []


def test_without_a_renderer_dot_and_text_work(nothing, tmp_path):
    drawing = tg.draw(neuron())
    drawing.save(tmp_path / "graph.dot")
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8") == drawing.source
    bundle = drawing._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert bundle["text/plain"].startswith(f"{drawing}\n\ndrawing as svg needs Graphviz")


def test_in_a_notebook_there_are_picture_and_text(renderer):
    drawing = tg.draw(neuron())
    bundle = drawing._repr_mimebundle_()
    assert list(bundle) == ["text/html", "image/svg+xml", "text/plain"] and bundle["text/plain"] == str(drawing)
    assert repr(drawing) == "<drawing: computation graph of o, 10 nodes; print it, or .save it as .svg>"


@without_pygraphviz
def test_a_dot_that_fails_is_replaced_by_pygraphviz(monkeypatch, tmp_path):
    fake_dot(monkeypatch, tmp_path, "sys.exit('there is no layout engine')")
    assert b"</svg>" in render(tg.draw(neuron()).source, "svg")


@pytest.mark.parametrize("code, message", [
    ("sys.exit('there is no layout engine')", "dot failed: there is no layout engine"),
    ("sys.exit(3)", "dot failed: exit code 3"),
    ("pass", "dot failed: exit code 0"),
])
def test_if_no_renderer_succeeds_the_error_says_why(monkeypatch, tmp_path, code, message):
    hide_pygraphviz(monkeypatch)
    fake_dot(monkeypatch, tmp_path, code)
    drawing = tg.draw(neuron())
    with pytest.raises(RenderError, match=f"^drawing as svg: .*{message}$"):
        drawing.save(tmp_path / "graph.svg")
    assert os.listdir(tmp_path) == ["dot"]
    assert drawing._repr_mimebundle_()["text/plain"].endswith(message)


def test_a_dot_that_cannot_be_started_is_an_error_too(monkeypatch, tmp_path):
    hide_pygraphviz(monkeypatch)
    fake_dot(monkeypatch, tmp_path, "")
    (tmp_path / "dot").write_text("#!/missing/program\n")
    with pytest.raises(RenderError, match="dot did not start: "):
        render(tg.draw(neuron()).source, "svg")


def test_straight_arrows_are_arrows_between_the_same_nodes(renderer, monkeypatch):
    x = tg.Value(3.0)
    source = tg.draw(x * x * x).source
    curved = render(source, "svg")
    monkeypatch.setattr(rendering, "LAYOUTS", ((rendering.STRAIGHT, 60.0),))
    straight = render(source, "svg")
    assert straight != curved and shown(straight) == shown(curved)


def limit(monkeypatch, curved, straight):
    """Give each layout so many seconds."""
    monkeypatch.setattr(rendering, "LAYOUTS", ((rendering.CURVED, curved), (rendering.STRAIGHT, straight)))


def test_what_takes_too_long_is_drawn_with_straight_arrows(monkeypatch, tmp_path):
    limit(monkeypatch, 0.2, 60.0)
    fake_dot(monkeypatch, tmp_path, "if '-Gsplines=line' not in sys.argv: time.sleep(60)\nprint('<svg/>')")
    assert render(tg.draw(neuron()).source, "svg").strip() == b"<svg/>"


def test_what_takes_too_long_with_these_too_is_given_up(monkeypatch, tmp_path):
    limit(monkeypatch, 0.2, 0.3)
    hide_pygraphviz(monkeypatch)
    fake_dot(monkeypatch, tmp_path, "time.sleep(60)")
    with pytest.raises(RenderError, match=r"dot took more than 0\.2 seconds.*dot took more than 0\.3 s"):
        tg.draw(neuron()).save(tmp_path / "graph.svg")
    assert os.listdir(tmp_path) == ["dot"]


@pytest.mark.parametrize("name", ["graph", "graph.jpg", "graph.svg.gz", ".svg"])
def test_other_endings_are_refused(tmp_path, name):
    endings = r"\.svg, \.png, \.pdf, \.html, \.dot or \.tex"
    with pytest.raises(ArgumentError, match=rf"^save: the ending of .* use {endings}$"):
        tg.draw(neuron()).save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_failed_write_keeps_the_old_file(monkeypatch, tmp_path):
    path = tmp_path / "graph.dot"
    path.write_text("old")

    def fail(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        tg.draw(neuron()).save(path)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["graph.dot"]


def test_what_takes_too_long_even_so_is_drawn_simpler(monkeypatch, tmp_path):
    """A dot that needs a minute for more than 60 boxes."""
    limit(monkeypatch, 1.0, 1.0)
    hide_pygraphviz(monkeypatch)
    fake_dot(monkeypatch, tmp_path, "source = sys.stdin.read()\nif 'n61 [' in source: time.sleep(60)\n"
             "print('<svg><title>' + str(source.count('->')) + '</title></svg>')")
    drawing = tg.draw(recurrent(35), fold=False)
    assert "n72 [" in drawing.source and "splines=line" in drawing.source
    assert "n60 [" in drawing.simpler.dot(drawing.theme) and "n61 [" not in drawing.simpler.dot(drawing.theme)
    assert f"<title>{drawing.simpler.dot(drawing.theme).count('->')}</title>" in drawing.svg
    assert "nodes, those nearest the result"


def test_what_would_take_a_minute_is_drawn_simpler_at_once(renderer, monkeypatch):
    """Of a weight that is used at each of 150 steps, the arrows pass thousands of rows."""
    limit(monkeypatch, 60.0, 60.0)  # it is not the clock that tells
    y = recurrent(150)
    y.backward()
    drawing = tg.draw(y, max_nodes=400)
    nodes, arrows = shown(drawing.svg)
    assert len(nodes) == 61 and sum(arrows.values()) == drawing.simpler.dot(drawing.theme).count("->")  # one is ⋯
    assert drawing.source.count("->") == 450 and str(drawing).count("\n") > 300  # DOT and text have all
    assert drawing.tikz.count(r"\node") == 60


def test_as_a_digraph_of_the_package_graphviz():
    graph = tg.draw(loss_of_arrays()).to_graphviz()
    assert isinstance(graph, graphviz.Digraph)
    assert graph.source == tg.draw(loss_of_arrays()).source
    graph.node("mine")
    assert "\tmine\n" in graph.source
