"""`python tools/classroom/trial.py [--students 30]`, as root: tries the local classroom with a real JupyterHub on this machine.

All students log in at once, and each runs every cell of the chapter's notebook in their own lab, at the same time. While all labs
are up each student tries to find the others. Then everybody logs out, and nothing may be left. Needs what local_config.py names.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Barrier, BrokenBarrierError

import nbformat
import requests
from student import Refused, Student

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "binder/classroom/local_config.py"
NOTEBOOK = ROOT / "notebooks/en/05-forward-policy.ipynb"
START_SECONDS, GONE_SECONDS, LONGEST_SECONDS = 60, 30, 1800

MEASURED = {
    "logged in": "s until the kernel is there",
    "first statement": "s after the kernel is there",
    "notebook": "s for all cells",
    "memory": "MB for server, kernel and lab",
}

MINE = "sudo ip netns add of-{name}; ip netns list | grep -c of-"

LEFT_BEHIND = "import subprocess; forgotten = subprocess.Popen(['sleep', '3600'], start_new_session=True)"

# A student's look around: other students' homes, processes, and labs. Prints what can be seen, one word each.
LOOK = """
import os, pathlib, subprocess
seen, mine = [], os.getuid()
for other in {others!r}:
    try: seen.append(f"home:{{len(os.listdir(other))}}")
    except PermissionError: pass
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        if process.stat().st_uid == mine or b"netlab_magic.engines.host" not in (process / "cmdline").read_bytes(): continue
        os.readlink(process / "ns/net")
        seen.append(f"lab:{{process.name}}")
    except OSError: pass
print(*seen)
"""


@contextmanager
def hub(folder, students):
    """A hub with its proxy, on free ports of this machine; all their files are in `folder`."""
    ports = [free_port() for _ in range(3)]
    config = folder / "config.py"
    config.write_text(
        f"load_subconfig({str(CONFIGURATION)!r})\n"
        f"c.JupyterHub.bind_url = 'http://127.0.0.1:{ports[0]}'\n"
        f"c.JupyterHub.hub_port = {ports[1]}\n"
        f"c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{ports[2]}'\n"
        f"c.JupyterHub.active_server_limit = {students + 1}\n"
        f"c.JupyterHub.last_activity_interval = 3600\n"
    )
    homes = folder / "homes"
    homes.mkdir(mode=0o711)
    environment = {**os.environ, "NETLAB_CLASS_HOMES": str(homes), "NETLAB_CLASS_PASSWORDS": str(folder / "passwords.dbm")}
    with (folder / "hub.log").open("w") as log:
        words = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for_hub(f"http://127.0.0.1:{ports[0]}", process)
            yield f"http://127.0.0.1:{ports[0]}", homes
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for_hub(address, process):
    """Waits until the hub answers through its proxy."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{address}/hub/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.2)
    raise Refused("the hub did not start; hub.log says why")


def attend(student, cells, everybody, homes, names):
    """One student's hour: log in, run the notebook, look around, log out. Gives what was measured."""
    started = time.monotonic()
    student.log_in()
    student.start_kernel()
    ready = time.monotonic()
    first = next(at for at, cell in enumerate(cells) if "%netlab up" in cell)
    ends = []
    for cell in cells:
        student.run(cell)
        ends.append(time.monotonic())
    marked = student.run(f"%%netlab\n{MINE.format(name=student.name)}")
    everybody.wait(LONGEST_SECONDS)  # from here on all labs are up
    seen = student.run(LOOK.format(others=[str(homes / other) for other in names if other != student.name])).strip()
    again = student.run("%%netlab\nip netns list | grep -c of-")
    memory = memory_of(student)
    student.run(LEFT_BEHIND)
    everybody.wait(LONGEST_SECONDS)
    student.log_out()
    return {
        "logged in": ready - started, "first statement": ends[first] - ready, "notebook": ends[-1] - ready, "memory": memory,
        "saw": seen, "labs": (marked.split()[-1:], again.split()[-1:]),
    }  # fmt: skip


def memory_of(student):
    """The memory, in MB, of all processes of a student: PSS, in which what several share is counted in parts."""
    number = student.run("import os; print(os.getuid())").strip()
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(process.stat().st_uid) == number:
                lines = (process / "smaps_rollup").read_text().splitlines()
                total += int(next(line.split()[1] for line in lines if line.startswith("Pss:")))
        except (OSError, StopIteration):
            continue
    return total / 1024


def students_processes():
    """What still runs under the user numbers of students."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if 700_000 <= process.stat().st_uid < 800_000:
                found.append((process.name, (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:80]))
        except OSError:
            continue
    return found


def main():
    """Runs the trial; the exit status says whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.partition(": ")[2])
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="folder for the hub's log and the students' homes, kept afterwards")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("only root can start servers for others")
    if not shutil.which("configurable-http-proxy"):
        parser.error("the hub's proxy is missing: npm install -g configurable-http-proxy")
    cells = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="netlab-class-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    try:
        return trial(folder, arguments.students, cells)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder)


def trial(folder, count, cells):
    """The whole trial, and what it found."""
    everybody = Barrier(count)
    with hub(folder, count) as (address, homes), ThreadPoolExecutor(count) as pool:
        started = time.monotonic()
        names = [f"student{number}" for number in range(1, count + 1)]
        waiting = [pool.submit(attend, Student(address, name), cells, everybody, homes, names) for name in names]
        for each in waiting:
            each.add_done_callback(lambda done: everybody.abort() if done.exception() else None)
        found = [each.result() for each in waiting if not each.exception()]
        errors = [error for each in waiting if (error := each.exception()) and not isinstance(error, BrokenBarrierError)]
        failures = [f"{type(error).__name__}: {error}" for error in errors]
        taken = time.monotonic() - started
        deadline = time.monotonic() + GONE_SECONDS
        while (left := students_processes()) and time.monotonic() < deadline:
            time.sleep(0.2)
        gone = GONE_SECONDS - (deadline - time.monotonic())
    return report(found, failures, left, taken, gone)


def report(found, failures, left, taken, gone):
    """Prints what was found; 0 where all of it is as it should be."""
    for failure in failures:
        print("✕", failure[-600:])
    if not found:
        return 1
    for what, unit in MEASURED.items():
        values = sorted(each[what] for each in found)
        print(f"  {what}: median {median(values):.1f}, worst {values[-1]:.1f} {unit}")
    saw = [each["saw"] for each in found if each["saw"]]
    alone = all(each["labs"] == (["1"], ["1"]) for each in found)
    print(f"{'✓' if not failures else '✕'} {len(found)} of {len(found) + len(failures)} students ran all cells, in {taken:.0f} s")
    print(f"{'✓' if alone and not saw else '✕'} nobody sees anybody else's files, processes' namespaces or lab {saw or ''}")
    print(f"{'✓' if not left else '✕'} everything is gone {gone:.1f} s after the last logout {left or ''}")
    return int(bool(failures or saw or left or not alone))


if __name__ == "__main__":
    sys.exit(main())
