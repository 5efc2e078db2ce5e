"""A control for notebooks: type two numbers, and step through the columns of their sum.

    Stepper(run.weights)

as the last line of a cell shows it. Where there is no kernel, as on a web page, you see a picture
of one column instead.
"""

import base64
import io

import ipywidgets

from gru_addition.inside.figures import step_figure
from gru_addition.inside.traces import Trace
from gru_addition.support.checks import whole_number

LARGEST = 2**16 - 1
PNG, WIDTH, DOTS_PER_INCH = "image/png", 720, 144
DESCRIPTION = "The sum on paper up to one column, with the network's state and gates there"


class Stepper:
    """The control for the network with these weights.

    a, b: the initial numbers, at most 65,535. column: the one shown at first.

    The widgets are `a`, `b`, `column` and `picture`; you can read and set their values. Raises
    `TypeError` or `ValueError` for numbers out of range and weights that do not fit.
    """

    def __init__(self, weights, a=13, b=12, column=0):
        self._weights = weights
        settings = {"min": 0, "max": LARGEST, "layout": {"width": "12em"}}
        a, b = whole_number("a", a, 0, LARGEST), whole_number("b", b, 0, LARGEST)
        self.a = ipywidgets.BoundedIntText(a, description="a", **settings)
        self.b = ipywidgets.BoundedIntText(b, description="b", **settings)
        column = whole_number("column", column, 0, self._num_bits - 1)
        self.column = ipywidgets.IntSlider(column, 0, self._num_bits - 1, description="column")
        self.picture = ipywidgets.Image(format="png", width=WIDTH, layout={"max_width": "100%"})
        numbers = ipywidgets.HBox([self.a, self.b, self.column])
        numbers.layout.flex_flow = "row wrap"
        self._widget = ipywidgets.VBox([numbers, self.picture])
        for number in (self.a, self.b):
            number.observe(self._read_numbers, "value")
        self.column.observe(self._draw, "value")
        self._read_numbers()

    @property
    def _num_bits(self):
        # One column more than the sum needs shows that the network comes to rest.
        return (self.a.value + self.b.value).bit_length() + 1

    def _read_numbers(self, _=None):
        self._trace = Trace.of_sum(self._weights, self.a.value, self.b.value, self._num_bits)
        self.column.max = self._num_bits - 1
        self._draw()

    def _draw(self, _=None):
        png = io.BytesIO()
        step_figure(self._trace, self.column.value).savefig(png, format="png", dpi=DOTS_PER_INCH)
        # Replacing the picture in place does not flicker.
        self.picture.value = png.getvalue()

    def _repr_mimebundle_(self, **_):
        picture = base64.b64encode(self.picture.value).decode("ascii")
        return self._widget._repr_mimebundle_() | {PNG: picture}, {
            PNG: {"width": WIDTH, "alt": DESCRIPTION}
        }
