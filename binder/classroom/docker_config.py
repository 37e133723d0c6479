"""A classroom on one machine with Docker: each student gets a container of the lab's image.

    docker build -t netlab-magic -f binder/container/Dockerfile .
    pip install jupyterhub dockerspawner jupyterhub-firstuseauthenticator jupyterhub-idle-culler && npm install -g configurable-http-proxy
    jupyterhub -f binder/classroom/docker_config.py

The containers get no capabilities; binder/README.md explains the flags and has the measurements.
"""

from pathlib import Path

c = get_config()  # noqa: F821 (JupyterHub gives it to its configuration)
load_subconfig(str(Path(__file__).with_name("common.py")))  # noqa: F821

c.JupyterHub.spawner_class = "docker"
c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = "172.17.0.1"  # the machine, as a container on Docker's own bridge sees it
c.DockerSpawner.image = "netlab-magic"
c.DockerSpawner.cmd = ["jupyterhub-singleuser"]
c.DockerSpawner.network_name = "bridge"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.remove = True
c.DockerSpawner.volumes = {"netlab-{username}": "/home/netlab"}  # students' files stay until the volume is removed
c.DockerSpawner.notebook_dir = "/home/netlab"
c.DockerSpawner.mem_limit = "1G"
c.DockerSpawner.cpu_limit = 1
c.DockerSpawner.extra_host_config = {
    "cap_drop": ["ALL"],
    "pids_limit": 1000,
    "security_opt": [
        "no-new-privileges",
        "seccomp=" + (Path(__file__).parents[1] / "container" / "seccomp.json").read_text(),
        "apparmor=unconfined",
    ],
}
# `docker run --security-opt systempaths=unconfined`, in the terms of Docker's API.
c.DockerSpawner.extra_create_kwargs = {"host_config": {"MaskedPaths": [], "ReadonlyPaths": []}}
