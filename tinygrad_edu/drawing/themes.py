"""Themes: the colours of every kind of picture, as plain data."""

from dataclasses import dataclass, fields
from typing import TypeAlias

from tinygrad_edu.checks import one_of
from tinygrad_edu.errors import OptionError


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a picture, each as `#rrggbb`. `dataclasses.replace(THEMES["dark"], data="#204060")` changes one.

    The defaults are the light theme. Roles are tints of the colours that M. Okabe and K. Ito chose so that everybody
    can tell them apart (Color Universal Design, 2008), and differ in shape as well.
    """

    background: str = "#fefefe"
    ink: str = "#111827"  # text
    muted: str = "#3b4452"  # text that is there to be looked up
    line: str = "#6b7280"  # arrows, and the border of a constant
    gradient: str = "#7a3000"  # text that tells a gradient
    data: str = "#d5ecfa"
    data_line: str = "#0072b2"
    parameter: str = "#bfe7dc"
    parameter_line: str = "#00694d"
    op: str = "#f3f4f6"
    op_line: str = "#6b7280"
    result: str = "#f9e7bf"
    result_line: str = "#946600"
    module: str = "#f7fafd"  # the ground under the ops of a layer
    module_line: str = "#a3bfd6"
    highlight: str = "#b0307e"  # the paths that were asked for
    bad: str = "#b91c1c"  # NaN and infinity
    positive: str = "#0072b2"  # weights, changes
    negative: str = "#c24e00"
    heat: tuple[str, ...] = ("#fff7ec", "#feebd0", "#fdddb0", "#fdcb8f", "#fdb979", "#fca963")  # from small to large


THEMES = {
    "light": Theme(),
    "dark": Theme(
        background="#111827", ink="#f3f4f6", muted="#ccd2db", line="#9ca3af", gradient="#ffc38f",
        data="#294f6b", data_line="#56b4e9", parameter="#0b4742", parameter_line="#2fbf95", op="#1f2937",
        op_line="#9ca3af", result="#5c4719", result_line="#e69f00", module="#172033", module_line="#3b5a78",
        highlight="#f29bd0", bad="#fca5a5", positive="#56b4e9", negative="#ff9d5c",
        heat=("#1f2430", "#3a2c2b", "#543428", "#6b3a22", "#7b3d1b", "#874011")),
    "print": Theme(
        background="#ffffff", ink="#000000", muted="#333333", line="#444444", gradient="#222222",
        data="#ffffff", data_line="#000000", parameter="#ffffff", parameter_line="#000000", op="#ffffff",
        op_line="#555555", result="#ffffff", result_line="#000000", module="#f4f4f4", module_line="#999999",
        highlight="#000000", bad="#000000", positive="#111111", negative="#777777",
        heat=("#fafafa", "#ececec", "#dddddd", "#cecece", "#bfbfbf", "#b0b0b0")),
    "high-contrast": Theme(
        background="#ffffff", ink="#000000", muted="#000000", line="#000000", gradient="#7a0000",
        data="#e0f3ff", data_line="#003b73", parameter="#d9fff2", parameter_line="#004d33", op="#ffffff",
        op_line="#000000", result="#fff1c2", result_line="#5c3d00", module="#f5f5f5", module_line="#333333",
        highlight="#8f005c", bad="#a30000", positive="#003b73", negative="#7a2e00",
        heat=("#ffffff", "#fff0d6", "#ffdfad", "#ffca85", "#ffb35c", "#ff9d33")),
}
"""The presets. `print` needs no colour: roles differ in shape and line as well."""

AUTO = "auto"
"""The light theme, and the dark one where the reader of an SVG or of a notebook has chosen dark colours."""

AnyTheme: TypeAlias = str | Theme


def find_theme(theme: AnyTheme) -> Theme:
    """A Theme, or the preset of that name.

    Errors: OptionError for what is neither, ArgumentError for an unknown name.
    """
    if isinstance(theme, Theme):
        return theme
    if not isinstance(theme, str):
        raise OptionError(f"draw: theme must be the name of one or a Theme, got {type(theme).__name__}")
    name = one_of("draw: theme", theme, [AUTO, *THEMES])
    return THEMES["light" if name == AUTO else name]


def recolouring(old: Theme, new: Theme) -> dict[str, str]:
    """The new colour for each of the old ones: what a stylesheet needs to turn one theme into another."""
    pairs: dict[str, str] = {}
    for field in fields(Theme):
        before, after = getattr(old, field.name), getattr(new, field.name)
        pairs.update(zip(before, after, strict=False) if field.name == "heat" else [(before, after)])
    return pairs
