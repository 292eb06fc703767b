"""What the system tells of a process (proc(5))."""

from pathlib import Path


def is_running(pid):
    """Whether a process is there; one that ended and waits to be asked for its status is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")
