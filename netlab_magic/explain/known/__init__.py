"""Rules that programs write, recognised by their shape: Docker, kube-proxy, ufw, firewalld and the usual ones of people."""

__all__: list[str] = []
