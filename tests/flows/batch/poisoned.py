"""The command line, but its lanes are those of ``poison_lane``."""

import sys

from flows.batch import night
from flows.batch.lane_bench import LaneBench

COMMAND = (sys.executable, "-m", "tests.flows.batch.poison_lane")


def bench(order, settings):
    return LaneBench(settings, order.out, audio=order.mode == "recordings", command=COMMAND)


if __name__ == "__main__":
    from flows.cli.main import app

    night._bench = bench
    app()
