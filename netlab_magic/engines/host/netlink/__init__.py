"""Messages to and from the kernel. `codec` and `netlink_socket` speak netlink; the other modules know one family of it each."""

__all__: list[str] = []
