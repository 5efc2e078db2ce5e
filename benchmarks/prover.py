"""How long the prover and its checker take for networks of several sizes.

    OPENBLAS_NUM_THREADS=1 python benchmarks/prover.py

Trains a network of each size, proves it right, checks the certificate once more, and prints a
table. The seconds are those of the processor, with one thread; all else is the same every time.
"""

import os
import sys
import time

from gru_addition.prove import prove
from gru_addition.study import RECIPES
from gru_addition.support import process
from gru_addition.train import Config, train
from gru_addition.verify import verify

SIZES = 16, 32, 64, 96, 128
RECIPE = RECIPES["fresh + Jacobian penalty"]


def timed(function, *arguments):
    """Call a function; return what it returns, and the seconds of the processor."""
    start = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - start


def main():
    prove(train(Config(iterations=1)).weights)  # TensorFlow takes seconds over its first graph.
    print("| units | iterations | verdict | balls | prove | of it, the checker |")
    print("|---:|---:|---|---:|---:|---:|")
    for size in SIZES:
        config = Config(**RECIPE, hidden_size=size)
        weights = train(config).weights
        proof, seconds = timed(prove, weights)
        balls, checker = "", ""
        if proof.certificate is not None:
            balls = len(proof.certificate["states"])
            checker = f"{timed(verify, proof.certificate, weights)[1]:.1f} s"
        row = size, f"{config.iterations:,}", proof.verdict, balls, f"{seconds:.1f} s", checker
        print("|", " | ".join(map(str, row)), "|", flush=True)


if __name__ == "__main__":
    os.environ.setdefault(process.THREADS, "1")
    process.set_flags()
    sys.exit(main())
