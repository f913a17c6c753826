"""Run one command and write its wall time, CPU time and peak memory as JSON: ``launch.py RESULT COMMAND...``.

A process of its own, and a small one: Linux counts the memory of the process that forked into the peak of the
child, so a benchmark with numpy loaded would measure itself. Run it with ``python -S -E``.
"""

import json
import os
import sys
import time

result, command = sys.argv[1], sys.argv[2:]
started = time.perf_counter()
pid = os.posix_spawn(command[0], command, os.environ)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - started
with open(result, "w") as file:
    json.dump(
        {
            "status": os.waitstatus_to_exitcode(status),
            "seconds": seconds,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        },
        file,
    )
