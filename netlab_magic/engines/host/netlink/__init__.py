"""Messages to and from the kernel: rtnetlink, nfnetlink and sock_diag."""

__all__: list[str] = []
