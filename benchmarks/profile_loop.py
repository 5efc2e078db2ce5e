"""Where the compiled engine's time goes: its kernels, and how long each takes per iteration.

    python benchmarks/profile_loop.py

TensorFlow's profiler watches 500 iterations of the tutorial's training. It slows them down to a
third of their speed, so look at the shares rather than the times.
"""

import re
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from gru_addition.support import xla

xla.prepare_process()

# Only now, since this imports TensorFlow.
from gru_addition.support.quiet import quiet_import

with quiet_import():
    import tensorflow as tf

from tensorflow.tsl.profiler.protobuf import xplane_pb2

from gru_addition.train import Config, train

# The names of what XLA calls in turn, such as MatMul_3.12 and add_tanh_fusion.4.
KERNEL = re.compile(r"MatMul[\w.]*|[a-z\-_]+(fusion|copy|wrapped\w*|concatenate)[\w.]*")

FIRST, LAST = 2000, 2500


def main():
    with tempfile.TemporaryDirectory() as directory:
        seconds = train_watched(directory)
        (path,) = Path(directory).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(path.read_bytes())

    kernels = defaultdict(lambda: [0, 0.0])
    for name, microseconds in events(space):
        if KERNEL.fullmatch(name):
            kind = re.sub(r"[._\d]+$", "", name)
            kernels[kind][0] += 1
            kernels[kind][1] += microseconds
    iterations = LAST - FIRST
    print(
        f"an iteration takes {1e6 * seconds / iterations:.0f} microseconds when watched; kernels:"
    )
    for kind, (count, total) in sorted(kernels.items(), key=lambda kernel: -kernel[1][1]):
        print(f"{total / iterations:8.1f}  {kind} ({count / iterations:.1f} calls)")
    print(f"{sum(total for _, total in kernels.values()) / iterations:8.1f}  all of them")


def train_watched(directory):
    """Train with the profiler on from iteration FIRST to LAST; return how long they took."""
    times = {}

    def on_progress(history):
        if len(history) == FIRST:
            tf.profiler.experimental.start(directory)
        times[len(history)] = time.perf_counter()
        if len(history) == LAST:
            tf.profiler.experimental.stop()

    train(Config(iterations=LAST), on_progress=on_progress)
    return times[LAST] - times[FIRST]


def events(space):
    """Yield the name and microseconds of each event on the processor."""
    for plane in space.planes:
        if "CPU" in plane.name:
            for line in plane.lines:
                for event in line.events:
                    yield plane.event_metadata[event.metadata_id].name, event.duration_ps / 1e6


if __name__ == "__main__":
    main()
