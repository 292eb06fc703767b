"""A real lane, but for calls whose ids say what they do to the process that hears or judges them."""

import os
import resource
import signal
import sys
import time

import flows.batch.jobs
from flows.batch.lane import main

listen, decide = flows.batch.jobs.hear, flows.batch.jobs.judge


def swallow(call):
    kind = call.call_id.split("-")[0]
    if kind == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif kind == "hang":
        time.sleep(3600)
    elif kind == "bloat":
        held = bytearray(1_500_000_000)
        for at in range(0, len(held), 4096):
            held[at] = 1
        time.sleep(3600)


def hear(call, ears, settings):
    swallow(call)
    return listen(call, ears, settings)


def judge(call, *arguments, **options):
    swallow(call)
    return decide(call, *arguments, **options)


if __name__ == "__main__":
    flows.batch.jobs.hear, flows.batch.jobs.judge = hear, judge
    if sys.argv[1:]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
    main()
