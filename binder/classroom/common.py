"""The configuration that docker_config.py and local_config.py share; both load it."""

import os
import sys

c = get_config()  # noqa: F821 (JupyterHub gives it to its configuration)

# At their first login, students choose a name and a password, which are theirs from then on. If people outside the class can reach
# the hub, name the students: c.Authenticator.allowed_users = {"…"} instead of allow_all.
c.JupyterHub.authenticator_class = "firstuse"
c.FirstUseAuthenticator.dbm_path = os.environ.get("NETLAB_CLASS_PASSWORDS", "passwords.dbm")
c.Authenticator.admin_users = {"teacher"}
c.Authenticator.allow_all = True

# A lab ends with its kernel, the kernel with its server, and the server when its student logs out or has been away for an hour.
c.JupyterHub.shutdown_on_logout = True
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    }
]
c.JupyterHub.services = [{"name": "idle-culler", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]}]

# A whole class logs in at the same moment: no one should be turned away, even if it takes the machine a minute or two.
c.JupyterHub.concurrent_spawn_limit = 0
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
c.Spawner.default_url = "/lab/tree/notebooks/en/05-forward-policy.ipynb"
c.Spawner.args = ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None"]
