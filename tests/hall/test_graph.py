"""The graph is the tutorial's, op by op, except for listed differences.

The oracle is golden/tf-1.3.0/graph.json. Ours is built in a process of its own, since TensorFlow 2
builds loops and variables as TensorFlow 1 did only after `tf.disable_v2_behavior()`, a switch for
the whole process. The differences are listed in golden/graph-differences.txt, each with its reason.
"""

import json
import re

import pytest
from common import GOLDEN, run_code

pytestmark = pytest.mark.quick

PRINT_OPS = """
import json
from gru_addition.model import AdditionModel
from gru_addition.support import tf
tf.disable_v2_behavior()
with tf.Graph().as_default() as graph:
    AdditionModel()
    tf.global_variables_initializer()
print(json.dumps({op.name: op.type for op in graph.get_operations()}))
"""

# Types that later versions replaced everywhere by another with the same meaning.
SUCCESSORS = {
    "Add": "AddV2",
    "Stack": "StackV2",
    "StackPop": "StackPopV2",
    "StackPush": "StackPushV2",
    # A StackV2 is a handle rather than a reference.
    "RefEnter": "Enter",
}


def one_up(match):
    return f"{match['loop']}add_{int(match['number'] or 0) + 1}{match['rest']}"


# Patterns of names in TensorFlow 1.3.0 and what replaces them in later versions.
RENAMINGS = [
    # Each loop counts its steps first, which takes the name `add`: all others move up by one.
    (
        r"(?P<loop>(h_t_transposed|map)/while/)add(_(?P<number>\d+))?(?P<rest>(_grad)?(/.*)?)$",
        one_up,
    ),
    # The counter comes before the loop's other variables, and is the one that the gradient copies.
    (r"(gradients/h_t_transposed/while/(Enter|Exit|Merge|Switch))_1_grad", r"\1_3_grad"),
    (r"(gradients/map/while/(Enter|Exit|Merge|Switch))_1_grad", r"\1_2_grad"),
    # Ops are named after their types.
    (r"/StackPush", "/StackPushV2"),
    (r"/StackPop", "/StackPopV2"),
    (r"/RefEnter", "/Enter"),
    # The gradient of a product calls `Mul` by its own name.
    (r"((mul|Mul|Mul_\d)_grad)/mul", r"\1/Mul"),
]


def rename(name):
    for pattern, replacement in RENAMINGS:
        name = re.sub(pattern, replacement, name)
    return name


def test_names_and_types_differ_only_as_listed():
    golden_graph = json.loads((GOLDEN / "tf-1.3.0" / "graph.json").read_text())
    theirs = {rename(name): op_type for name, op_type in golden_graph.items()}
    our_ops = json.loads(run_code(PRINT_OPS))
    # Each line holds a sign, a name, and one or two types.
    lines = (GOLDEN / "graph-differences.txt").read_text().splitlines()
    listed = [line.split(maxsplit=2) for line in lines if line and not line.startswith("#")]
    assert len(theirs) == len(golden_graph)

    differences = []
    for name in theirs.keys() | our_ops.keys():
        if name not in our_ops:
            differences.append(["-", name, theirs[name]])
        elif name not in theirs:
            differences.append(["+", name, our_ops[name]])
        elif our_ops[name] != SUCCESSORS.get(theirs[name], theirs[name]):
            differences.append(["~", name, f"{theirs[name]} {our_ops[name]}"])

    assert sorted(differences) == sorted(listed)
