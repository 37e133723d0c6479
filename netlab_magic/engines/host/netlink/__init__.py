"""Messages to and from the kernel. `codec` and `netlink_socket` implement netlink; each other module implements one netlink family."""

__all__: list[str] = []
