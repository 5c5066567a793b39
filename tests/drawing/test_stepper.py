"""The walk through a graph, step by step: its numbers, and the page in a real browser."""

import json
import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.browser import browser, opened
from tests.drawing.graphs import loss_of_arrays, neuron
from tests.drawing.test_explain import leaves
from tinygrad_edu.errors import MissingDependencyError, MutationError, OptionError


def steps_of(value, **options):
    return value.draw(steps=True, **options).walk.steps


def shared():
    """y = x·x + x at 3: x is used three times."""
    x = tg.Value(3.0, name="x")
    y = x * x + x
    y.name = "y"
    return y


# ----- the walk -----

def test_every_computed_node_has_a_step_forward_and_every_edge_one_backward():
    for value in neuron(), loss_of_arrays(), shared():
        drawing = value.draw(steps=True)
        boxes, arrows = drawing.walk.picture.boxes, drawing.walk.picture.arrows
        forward = [step.boxes[0] for step in drawing.walk.steps if step.phase == "forward"]
        assert forward == [i for i, box in enumerate(boxes) if box.role == "op"]
        backward = [step.arrow for step in drawing.walk.steps if step.arrow is not None]
        assert sorted(backward) == [k for k, arrow in enumerate(arrows) if boxes[arrow.source].role != "constant"]


def test_a_node_passes_its_gradient_on_only_when_it_is_complete():
    for value in neuron(), loss_of_arrays(), shared():
        steps = steps_of(value)
        for k, step in enumerate(steps):
            if step.arrow is not None:
                assert not any(later.boxes[0] == step.boxes[1] for later in steps[k:] if later.arrow is not None)


def test_the_steps_of_the_neuron():
    steps = steps_of(neuron())
    assert [step.phase for step in steps] == ["start", *["forward"] * 5, *["backward"] * 10, "end"]
    assert (steps[1].title, steps[1].formula, steps[1].sentence) == (
        "Forward: multiply makes v₁", "v₁ = w₁ · x₁ = (−3) · 2 = −6",
        "v₁ is −6; multiply is y = a·b, element by element.")
    assert (steps[7].title, steps[7].formula, steps[7].sentence) == (
        "Backward: from o to v₄", "∂o/∂v₄ = 1 − o² = 0.5", "∂o/∂v₄ gains 1 × 0.5 = 0.5.")
    assert steps[-2].sentence == "∂o/∂x₁ gains 0.5 × (−3) = −1.5." and steps[-2].gain == "+0.5 × (−3) = −1.5"


def test_sums_at_a_fan_out():
    sentences = [step.sentence for step in steps_of(shared()) if step.arrow is not None]
    assert sentences == ["∂y/∂v₁ gains 1 × 1 = 1.", "∂y/∂x gains 1 × 1 = 1.",
                         "∂y/∂x gains 1 × 3 = 3. With what it had, it is 1 + 3 = 4.",
                         "∂y/∂x gains 1 × 3 = 3. With what it had, it is 4 + 3 = 7."]


def test_the_last_gradients_are_those_of_backward_and_none_is_touched():
    J = loss_of_arrays()
    drawing = J.draw(steps=True)
    assert J.grad is None and all(x.grad is None for x in leaves(J).values())
    J.backward()
    after = J.draw(fold=False).view.picture
    assert [box.gradient for box in drawing.walk.picture.boxes] == [box.gradient for box in after.boxes]


def test_gradients_of_earlier_passes_do_not_count():
    y = shared()
    y.backward()
    y.backward()
    assert y.draw(steps=True).walk.picture.boxes[0].gradient.numbers == ("+7",)


def test_an_array_is_only_walked_forward():
    x = tg.Value([1.0, 2.0], name="x")
    assert [step.phase for step in steps_of(x * 2)] == ["start", "forward"]


def test_a_large_graph_is_walked_in_the_boxes_that_are_drawn():
    x = y = tg.Value(0.5, name="x")
    for _ in range(3_000):
        y = tg.tanh(y)
    drawing = y.draw(steps=True, max_nodes=20)
    assert len(drawing.walk.picture.boxes) <= 20
    model = tg.nn.MLP([2, 8, 1], rng=0)
    J = tg.nn.MSELoss()(model(np.ones((3, 2))), np.ones((3, 1)))
    small = J.draw(steps=True, max_nodes=4)
    assert any("drawn as one" in step.title for step in small.walk.steps)
    J.backward()
    assert x.grad is None


def test_options_that_hide_ops_do_not_go_with_steps():
    for option in ({"fold": True}, {"heat": True}, {"depth": 1}, {"view": "modules"}):
        with pytest.raises(OptionError, match=rf"^draw: {next(iter(option))} does not go with steps=True"):
            neuron().draw(steps=True, **option)
    with pytest.raises(OptionError, match="draw: steps"):
        neuron().draw(steps="yes")


def test_changed_data_is_an_error():
    y = shared()
    leaves(y)["x"].data = 5.0
    with pytest.raises(MutationError):
        y.draw(steps=True)


# ----- the page -----

def test_the_page_is_the_same_every_time_and_needs_no_network(tmp_path):
    neuron().draw(steps=True).save(tmp_path / "a.html")
    neuron().draw(steps=True).save(tmp_path / "b.html")
    page = (tmp_path / "a.html").read_text()
    assert page == (tmp_path / "b.html").read_text()
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_each_output_of_a_notebook_has_ids_of_its_own():
    drawing = neuron().draw(steps=True)
    first, second = (drawing._repr_mimebundle_()["text/html"] for _ in range(2))
    ids = [set(re.findall(r'\bid="([^"]+)"', html)) for html in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
    assert all(len(found) == html.count(' id="') for found, html in zip(ids, (first, second), strict=True))
    assert "text/plain" in drawing._repr_mimebundle_()


def test_without_graphviz_a_notebook_shows_the_text(monkeypatch):
    drawing = neuron().draw(steps=True)

    def missing(*arguments):
        raise MissingDependencyError("drawing needs Graphviz")

    monkeypatch.setattr("tinygrad_edu.drawing.graph_drawing.render", missing)
    assert set(drawing._repr_mimebundle_()) == {"text/plain"}


def test_names_cannot_leave_their_place():
    x = tg.Value(2.0, name="</script><img src=x onerror=alert(1)>")
    html = (x * x).draw(steps=True).html
    assert "<img" not in html
    data = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)[1]
    assert any("</script>" in step["title"] for step in json.loads(data))


@pytest.fixture(scope="module")
def chromium():
    with browser() as chromium:
        yield chromium


@pytest.fixture
def page_of(tmp_path):
    def save(value, **options):
        path = tmp_path / "steps.html"
        value.draw(steps=True, **options).save(path)
        return path.as_uri()
    return save


def gradient(page, part):
    return page.locator(f'[data-part="{part}"] .tg-gradient').first.text_content().strip("\xa0 ")


def title(page):
    return page.locator(".title").text_content()


def test_stepping_by_keyboard(chromium, page_of):
    with opened(chromium, page_of(shared())) as page:
        assert title(page) == "The numbers that it starts with" and page.locator(".count").text_content() == "1 of 9"
        assert gradient(page, "n1") == "–"
        page.keyboard.press("ArrowRight")
        assert title(page) == "Forward: multiply makes v₁"
        value = page.locator('[data-part="n3"] .tg-value')
        assert not value.is_visible()
        page.keyboard.press("Space")
        assert title(page) == "Forward: add makes y" and value.is_visible()
        seen = []
        for _ in range(5):
            page.keyboard.press("ArrowDown")
            seen.append(gradient(page, "n1"))
        assert seen == ["–", "–", "+1", "+4", "+7"]
        assert page.locator('[data-part="e2"]').get_attribute("class") == "edge now"
        page.keyboard.press("ArrowLeft")
        assert gradient(page, "n1") == "+4"
        page.keyboard.press("Shift+Space")
        assert gradient(page, "n1") == "+1"
        page.keyboard.press("End")
        assert title(page) == "All gradients are there" and page.get_by_label("next step").is_disabled()
        page.keyboard.press("ArrowRight")
        assert page.locator(".count").text_content() == "9 of 9"
        page.keyboard.press("Home")
        assert page.locator(".count").text_content() == "1 of 9" and gradient(page, "n1") == "–"


def test_buttons_slider_and_list(chromium, page_of):
    with opened(chromium, page_of(neuron())) as page:
        page.get_by_label("next step").click()
        page.get_by_label("next step").click()
        assert title(page) == "Forward: multiply makes v₂"
        page.get_by_role("slider").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator(".count").text_content() == "4 of 17"
        page.keyboard.press("Space")
        assert page.locator(".count").text_content() == "5 of 17"
        page.locator("summary").click()
        page.locator("li a").nth(7).click()
        assert title(page) == "Backward: from o to v₄"
        assert page.locator("li[aria-current=step]").count() == 1


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(254, 254, 254)"), ("dark", "rgb(17, 24, 39)")])
def test_dark_and_light(chromium, page_of, scheme, background):
    with opened(chromium, page_of(neuron()), color_scheme=scheme) as page:
        for place in "body", ".tg-steps":
            assert page.locator(place).evaluate("x => getComputedStyle(x).backgroundColor") == background
        ground = page.locator(".picture polygon").first.evaluate("x => getComputedStyle(x).fill")
        assert ground == background


def test_a_theme_of_ones_own_stays_as_it_is(chromium, page_of):
    with opened(chromium, page_of(neuron(), theme="dark"), color_scheme="light") as page:
        assert page.locator(".tg-steps").evaluate("x => getComputedStyle(x).backgroundColor") == "rgb(17, 24, 39)"


def test_what_a_screen_reader_meets(chromium, page_of):
    with opened(chromium, page_of(shared())) as page:
        assert page.locator(".said").get_attribute("aria-live") == "polite"
        tree = page.locator("body").aria_snapshot()
        for line in ('- region "computation graph of y, 3 nodes, step by step":',
                     '- img "computation graph of y, 3 nodes"',
                     '- button "next step"', '- slider "step"', "- paragraph: The numbers that it starts with"):
            assert line in tree
        page.keyboard.press("ArrowRight")
        assert page.get_by_role("slider").get_attribute("aria-valuetext") == "step 2: Forward: multiply makes v₁"


def test_reduced_motion(chromium, page_of):
    with opened(chromium, page_of(shared()), reduced_motion="reduce") as page:
        durations = page.locator(".picture .node").first.evaluate("x => getComputedStyle(x).transitionDuration")
        assert durations == "0s"


def test_without_scripts_all_is_there_and_a_step_in_the_address_is_marked(chromium, page_of):
    with opened(chromium, page_of(shared()) + "#tg-steps-step-6", java_script_enabled=False) as page:
        assert page.locator("li").count() == 9 and page.locator("li").nth(8).is_visible()
        assert gradient(page, "n1") == "+7" and page.locator('[data-part="n3"] .tg-value').is_visible()
        assert not page.locator(".controls").is_visible()
        picture = page.locator(".picture").screenshot()
    with opened(chromium, page_of(shared()), java_script_enabled=False) as page:
        assert page.locator(".picture").screenshot() != picture


def test_two_outputs_on_one_page_do_not_disturb_each_other(chromium, tmp_path):
    drawing = shared().draw(steps=True)
    outputs = [drawing._repr_mimebundle_()["text/html"] for _ in range(2)]
    path = tmp_path / "notebook.html"
    path.write_text('<!DOCTYPE html><meta charset="utf-8">' + "".join(outputs), encoding="utf-8")
    with opened(chromium, path.as_uri()) as page:
        page.get_by_label("next step").nth(1).click()
        page.keyboard.press("ArrowRight")
        assert page.locator(".count").all_text_contents() == ["1 of 9", "3 of 9"]


def test_a_hostile_name_is_shown_as_text(chromium, page_of):
    x = tg.Value(2.0, name="<img src=x onerror=alert(1)>")
    with opened(chromium, page_of(x * x)) as page:
        page.keyboard.press("End")
        assert "<img src=x" in page.locator(".formula").text_content()
        assert page.locator("img").count() == 0


def test_a_wide_picture_scrolls_to_where_the_step_is(chromium, page_of):
    y = tg.Value(0.5, name="x")
    for _ in range(20):
        y = tg.tanh(y)
    with opened(chromium, page_of(y)) as page:
        frame = page.locator(".picture")
        assert frame.evaluate("x => x.scrollLeft") == 0
        for _ in range(18):
            page.keyboard.press("ArrowRight")
        assert frame.evaluate("x => x.scrollLeft") > 500
        assert page.evaluate("window.scrollY") == 0
