"""Themes: colours that can be read, by everybody, and replaced one by one."""

import re
from dataclasses import fields, replace

import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import neuron
from tinygrad_edu.drawing.themes import THEMES, Theme, find_theme, recolouring
from tinygrad_edu.errors import ArgumentError, OptionError


def luminance(colour):
    """The relative luminance of WCAG 2.2."""
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one) + 0.05, luminance(other) + 0.05), reverse=True)
    return light / dark


@pytest.mark.parametrize("name", THEMES)
def test_the_text_on_a_colour_can_be_read(name):
    """The contrast is at least 4.5 for each text on each box, and 3 for lines, as WCAG 2.2 asks in 1.4.3 and 1.4.11."""
    theme = THEMES[name]
    grounds = (theme.background, theme.data, theme.parameter, theme.op, theme.result, theme.module, *theme.heat)
    for ground in grounds:
        for ink in (theme.ink, theme.muted, theme.gradient):
            assert contrast(ground, ink) >= 4.5, (ground, ink)
    for line in (theme.line, theme.data_line, theme.parameter_line, theme.op_line, theme.result_line, theme.highlight,
                 theme.bad, theme.positive, theme.negative):
        assert contrast(theme.background, line) >= 3, line


@pytest.mark.parametrize("name", THEMES)
def test_every_colour_is_of_six_digits_and_heat_has_as_many_in_each(name):
    theme = THEMES[name]
    for field in fields(Theme):
        colours = getattr(theme, field.name)
        for colour in colours if field.name == "heat" else (colours,):
            assert re.fullmatch("#[0-9a-f]{6}", colour), field.name
    assert len(theme.heat) == len(Theme().heat)


def test_heat_grows_in_steps():
    for name, theme in THEMES.items():
        steps = [luminance(colour) for colour in theme.heat]
        assert steps == sorted(steps, reverse=name != "dark")


def test_light_can_be_turned_into_dark_colour_by_colour():
    """No colour of the light theme stands for two of the dark one."""
    light, dark = THEMES["light"], THEMES["dark"]
    pairs = recolouring(light, dark)
    for field in fields(Theme):
        if field.name != "heat":
            assert pairs[getattr(light, field.name)] == getattr(dark, field.name), field.name
    assert tuple(pairs[colour] for colour in light.heat) == dark.heat


def test_a_theme_by_name_and_with_a_colour_replaced():
    o = neuron()
    assert tg.draw(o, theme="dark").source != tg.draw(o).source
    mine = replace(THEMES["dark"], data="#204060")
    assert tg.draw(o, theme=mine).source == tg.draw(o, theme="dark").source.replace(THEMES["dark"].data, "#204060")
    assert find_theme(mine) is mine


def test_a_theme_that_is_none():
    with pytest.raises(ArgumentError, match=r"^draw: theme must be one of 'auto', 'light', 'dark', 'print'"):
        tg.draw(neuron(), theme="pink")
    with pytest.raises(OptionError, match=r"^draw: theme must be the name of one or a Theme, got int$"):
        tg.draw(neuron(), theme=3)
