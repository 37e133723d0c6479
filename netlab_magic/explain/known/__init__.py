"""Rules recognised by their form: those of Docker, kube-proxy, ufw, firewalld and others, and common hand-written ones."""

__all__: list[str] = []
