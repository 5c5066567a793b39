"""`View`: what a `GraphDrawing` can show, whatever kind of picture it is."""

from typing import Literal, Protocol, TypeAlias, get_args

from tinygrad_edu.drawing.themes import Theme

Kind: TypeAlias = Literal["ops", "modules", "neurons"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What `draw` can show of a graph."""


class View(Protocol):
    """A picture that is ready to be written down; it holds plain data, no part of the graph."""

    @property
    def title(self) -> str:
        """What it is a picture of, in a few words: the accessible name of the SVG."""

    @property
    def description(self) -> str:
        """What can be seen in it, in some sentences: for who cannot see it."""

    def dot(self, theme: Theme) -> str:
        """It in DOT. Boxes have the ids n1, n2, ..., arrows e1, e2, ..., and all colours are the theme's."""

    def text(self) -> str:
        """It as text, for terminals and where there is no Graphviz."""
