"""The finished SVG and HTML: complete, accessible, dark where wanted, safe in any page."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import SVG, XLINK, neuron, shown
from tests.drawing.test_grouping import loss
from tests.drawing.test_render import nothing, renderer  # noqa: F401  (fixtures)
from tinygrad_edu.drawing.themes import THEMES, Theme


def ids(svg, letter):
    """The ids of boxes or arrows of an SVG, in order of their numbers."""
    groups = (group.get("id", "") for group in ElementTree.fromstring(svg).iter(f"{SVG}g"))
    return sorted((i for i in groups if re.fullmatch(rf"{letter}\d+", i)), key=lambda i: int(i[1:]))


def scalars():
    x = tg.Value(3.0, name="x")
    return x * x + tg.exp(x) * 2.0


@pytest.mark.parametrize("options", [{}, {"fold": True}, {"depth": 0}, {"depth": 1}, {"heat": True},
                                     {"constants": False}, {"max_nodes": 5}, {"direction": "down"}],
                         ids=lambda options: "-".join(map(str, options.items())))
@pytest.mark.parametrize("make", [neuron, scalars, loss])
def test_every_box_and_every_arrow_is_in_the_svg_once(make, options, renderer):  # noqa: F811
    y = make()
    y.backward()
    drawing = tg.draw(y, **options)
    picture = drawing.view.picture
    assert ids(drawing.svg, "n") == [f"n{i + 1}" for i in range(len(picture.boxes))]
    assert ids(drawing.svg, "e") == [f"e{k + 1}" for k in range(len(picture.arrows))]
    _, arrows = shown(drawing.svg)
    for arrow in picture.arrows:
        arrows[f"n{arrow.source + 1}->n{arrow.target + 1}"] -= 1
    assert {number for title, number in arrows.items() if "more" not in title} <= {0}
    assert len(re.findall(r'class="cluster"', drawing.svg)) == len(picture.frames)


def test_it_has_a_name_and_a_description(renderer):  # noqa: F811
    o = neuron()
    o.backward()
    root = ElementTree.fromstring(tg.draw(o).svg)
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert (root.get("aria-labelledby"), root.get("aria-describedby")) == (title.get("id"), description.get("id"))
    assert title.text == "computation graph of o, 10 nodes"
    assert description.text == ("The result is o = 0.7071, grad +1, made by tanh. The picture has 2 data, "
                                "3 parameters, 5 operations. Of the inputs, x1 has the largest gradient, 1.5.")


def test_the_description_tells_what_is_pointed_out():
    x = tg.Value(np.array([1.0, -1.0]), name="x")
    with np.errstate(invalid="ignore"):
        y = tg.sum(tg.sqrt(x))
    about = tg.draw(y, highlight=x).view.description
    assert "The first nan is in v₁." in about and about.endswith("x → v₁ → v₂.")


def test_dark_mode_replaces_every_colour(renderer):  # noqa: F811
    o = neuron()
    o.backward()
    svg = tg.draw(o, heat=True, highlight=o.inputs[0]).svg
    style = re.search(r"<style>(.*?)</style>", svg, re.DOTALL)[1]
    light, dark = THEMES["light"], THEMES["dark"]
    body = svg.replace(style, "")
    used = set(re.findall(r'(fill|stroke)="(#[0-9a-f]{6})"', body))
    assert len(used) > 10
    for kind, colour in used:
        assert style.count(f'[{kind}="{colour}"]') == 2, colour  # of the system, of a notebook
    assert f'[fill="{light.ink}"] {{ fill: {dark.ink}; }}' in style
    assert style.count("prefers-color-scheme: dark") == 1
    assert not re.findall(r'(?:fill|stroke)="(?!#|none|transparent)[^"]+"', body)  # no colour without a rule


def test_a_theme_that_was_chosen_stays():
    for theme in (*THEMES, Theme(data="#123456")):
        assert "prefers-color-scheme" not in tg.draw(neuron(), theme=theme).svg


def test_two_pictures_on_one_page_share_no_id():
    one, two = (tg.draw(x)._repr_mimebundle_()["text/html"] for x in (neuron(), neuron() * 2))
    first, second = (re.findall(r' id="([^"]+)"', page) for page in (one, two))
    assert len(first) == len(set(first)) > 20
    assert set(first).isdisjoint(second)


def test_in_a_notebook_tooltips_live():
    html = tg.draw(neuron())._repr_mimebundle_()["text/html"]
    assert html.startswith('<div class="tinygrad-edu-drawing"') and html.endswith("</div>")
    svg = html[html.index("<svg"):html.rindex("</div>")]
    links = ElementTree.fromstring(svg).iter(f"{SVG}a")
    assert any("data x1" in link.get(f"{XLINK}title") for link in links)


def test_the_same_picture_is_the_same_bytes():
    o = neuron()
    assert tg.draw(o).svg == tg.draw(o).svg and tg.draw(o).html == tg.draw(o).html


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_a_page_of_its_own_needs_nothing_else(tmp_path):
    x = tg.Value(2.0, name="</pre><script>alert(1)</script>")
    y = x * x
    tg.draw(y).save(tmp_path / "graph.html")
    page = (tmp_path / "graph.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.tags and "link" not in reader.tags and reader.tags.count("svg") == 1
    assert "</pre><script>alert(1)<…" in reader.text
    outside = set(re.findall(r'https?://[^"\s]+', page))
    assert all(address.startswith("http://www.w3.org/") for address in outside)  # names of XML, which nobody fetches


def test_folded_boxes_can_be_unfolded_in_html(renderer):  # noqa: F811
    o = neuron()
    o.backward()
    drawing = tg.draw(o, fold=True)
    for html in (drawing.html, drawing._repr_mimebundle_()["text/html"]):
        folded, _, whole = html.partition("<details><summary>unfolded</summary>")
        assert folded.count('class="node"') == 7 and whole.count('class="node"') == 10
        ids = re.findall(r' id="([^"]*)"', html)
        assert len(set(ids)) == len(ids)
    assert drawing.svg.count('class="node"') == 7
    assert "<details>" not in tg.draw(o)._repr_mimebundle_()["text/html"]


def test_without_graphviz_there_is_the_text_and_what_to_install(nothing):  # noqa: F811
    bundle = tg.draw(neuron())._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert bundle["text/plain"].splitlines()[-1].startswith("drawing as svg needs Graphviz: pip install")
