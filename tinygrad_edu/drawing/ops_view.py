"""`OpsView`: the picture of every op, the view `"ops"`."""

from dataclasses import dataclass

from tinygrad_edu.drawing.dot import to_dot
from tinygrad_edu.drawing.picture import Picture
from tinygrad_edu.drawing.text import to_text
from tinygrad_edu.drawing.themes import Theme


@dataclass(frozen=True, slots=True)
class OpsView:
    """A `View` of a picture."""

    picture: Picture

    @property
    def title(self) -> str:
        boxes = self.picture.boxes
        return f"computation graph of {boxes[-1].name}, {len(boxes)} nodes"

    @property
    def description(self) -> str:
        return self.picture.notice

    def dot(self, theme: Theme) -> str:
        return to_dot(self.picture, theme)

    def text(self) -> str:
        return to_text(self.picture)
