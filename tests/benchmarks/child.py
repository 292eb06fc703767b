"""One system in a process of its own: ``python -m tests.benchmarks.child ORDER ANSWER`` (JSON files)."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.clock import Clock, memory
from tests.benchmarks.systems import SYSTEMS, Recorded, Setup


def main(order: Path, answer: Path) -> None:
    """Load the system, let it hear every recording once, write down what it heard and what it cost."""
    wanted = json.loads(order.read_text("utf-8"))
    begun = time.process_time(), time.perf_counter()
    system = SYSTEMS[wanted["system"]](Setup(**wanted["setup"]))
    load = time.process_time() - begun[0], time.perf_counter() - begun[1]
    loaded = memory()["now"]
    calls = []
    for item in wanted["recordings"]:
        clock = Clock()
        heard = system.hear(Recorded(**item), clock)
        calls.append(
            {"name": item["name"], "spent": clock.spent, "memory": memory()["now"], "heard": asdict(heard)}
        )
    result = {
        "system": wanted["system"],
        "identity": system.identity,
        "load": load,
        "memory": {"loaded": loaded, "peak": memory()["peak"]},
        "calls": calls,
    }
    answer.write_text(json.dumps(result, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
