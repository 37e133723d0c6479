"""A classroom on one Linux machine without containers, and without an account for every student.

    pip install '.[lab]' jupyterhub jupyterhub-firstuseauthenticator jupyterhub-idle-culler && npm install -g configurable-http-proxy
    jupyterhub -f binder/classroom/local_config.py     # as root

Each student runs under a separate user ID, which belongs to no account. That keeps students' files, processes and labs apart, as the
kernel keeps any two users apart. The students must be able to read the folder that contains Python and netlab_magic, and the kernel
must let ordinary users create user namespaces (`%netlab doctor` says whether it does).
"""

import asyncio
import os
import resource
import shutil
import sys
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner

c = get_config()  # noqa: F821 (JupyterHub gives it to its configuration)
load_subconfig(str(Path(__file__).with_name("common.py")))  # noqa: F821

FIRST_NUMBER = 700_000
"""Above every ID that systems assign to accounts, services and containers by default (login.defs; systemd: UIDS-GIDS)."""

MOST_PROCESSES = 1000
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


class StudentSpawner(SimpleLocalProcessSpawner):
    """Starts a student's server under a user ID of its own, in a home folder of its own."""

    @property
    def number(self):
        """The student's user ID, which is also their group ID."""
        return FIRST_NUMBER + self.user.id

    async def start(self):
        """Starts the student's server; the first start creates the home folder."""
        self._make_home()
        return await super().start()

    async def stop(self, now=False):
        """Stops the server and everything else that the student has running: orphaned kernels and background processes."""
        await super().stop(now)
        code = "import os, signal; os.kill(-1, signal.SIGKILL)"  # everything that this user ID may signal: its own processes only
        words, limits = [sys.executable, "-c", code], {"user": self.number, "group": self.number, "extra_groups": []}
        await (await asyncio.create_subprocess_exec(*words, **limits)).wait()

    def _make_home(self):
        home = Path(self.home_dir)
        if not home.exists():
            home.mkdir(mode=0o700, parents=True)
            shutil.copytree(NOTEBOOKS, home / "notebooks")
            for path in (home, *home.rglob("*")):
                os.chown(path, self.number, self.number)

    def make_preexec_fn(self, name):
        """What the new process does before it becomes the student's server: it gives up root for good."""
        number, home = self.number, self.home_dir

        def become_the_student():
            resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))
            os.setgroups([])
            os.setresgid(number, number, number)
            os.setresuid(number, number, number)
            os.umask(0o077)
            os.chdir(home)

        return become_the_student


c.JupyterHub.spawner_class = StudentSpawner
c.StudentSpawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
# Sockets in the students' own folders: if thirty kernels choose free TCP ports at the same moment, two choose the same one.
# A socket's path may have 107 characters, of which Jupyter takes 50, so the folder's name is short.
c.StudentSpawner.args = [*c.Spawner.args, "--KernelManager.transport=ipc"]
c.StudentSpawner.environment = {"JUPYTER_RUNTIME_DIR": lambda spawner: f"{spawner.home_dir}/.run"}
c.StudentSpawner.home_dir_template = os.environ.get("NETLAB_CLASS_HOMES", "/srv/netlab-class") + "/{username}"
