"""`OpsView`: the picture of every op, the view `"ops"`."""

from dataclasses import dataclass

from tinygrad_edu.drawing.dot import to_dot
from tinygrad_edu.drawing.labels import number
from tinygrad_edu.drawing.picture import Picture
from tinygrad_edu.drawing.text import to_text
from tinygrad_edu.drawing.themes import Theme

WORDS = {"data": "data", "parameter": "parameters", "op": "operations", "constant": "constants",
         "folded": "folded parts", "module": "modules"}


@dataclass(frozen=True, slots=True)
class OpsView:
    """A `View` of a picture."""

    picture: Picture

    @property
    def title(self) -> str:
        boxes = self.picture.boxes
        return f"computation graph of {boxes[-1].name}, {len(boxes)} node{'s' if len(boxes) > 1 else ''}"

    @property
    def description(self) -> str:
        """The result, how much there is of what, where the gradient is largest, and what else is pointed out."""
        boxes = self.picture.boxes
        roles = [box.role for box in boxes]
        counts = ", ".join(f"{roles.count(role)} {word}" for role, word in WORDS.items() if role in roles)
        made_by = f", made by {boxes[-1].symbol}" if boxes[-1].symbol else ""
        sentences = [f"The result is {boxes[-1]}{made_by}", f"The picture has {counts}"]
        inputs = [box for box in boxes if box.magnitude is not None and box.role in ("data", "parameter")]
        if inputs:
            largest = max(inputs, key=lambda box: box.magnitude or 0.0)
            sentences.append(f"Of the inputs, {largest.name} has the largest gradient, {number(largest.magnitude)}")
        sentences += [f"The first {box.bad} is in {box.name or 'a constant'}" for box in boxes if box.bad]
        sentences += [self.picture.notice] if self.picture.notice else []
        return ". ".join([*sentences, *self.picture.paths]) + "."

    def dot(self, theme: Theme) -> str:
        return to_dot(self.picture, theme)

    def text(self) -> str:
        return to_text(self.picture)
