"""Every primitive, once: its NumPy forward, its gradient rules, its notation.

A rule reads `lambda g, y, inputs...: dJ/dinput`, where g = dJ/dy and y is the output. Rules and forwards are plain
NumPy: run on arrays they compute, run on Values they build the graph of the gradient.
"""

from tinygrad_edu.engine.ops.activations import *
from tinygrad_edu.engine.ops.arithmetic import *
from tinygrad_edu.engine.ops.elementwise import *
from tinygrad_edu.engine.ops.indexing import *
from tinygrad_edu.engine.ops.linalg import *
from tinygrad_edu.engine.ops.products import *
from tinygrad_edu.engine.ops.reductions import *
from tinygrad_edu.engine.ops.shapes import *
