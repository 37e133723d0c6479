"""What the kernel says when it refuses something: the number, and the words that go with it."""

__all__ = ["ADDRESS_IN_USE", "DEVICE_MISSING", "EXISTS", "INVALID", "MISSING", "NO_ADDRESS", "NO_PROCESS", "UNREACHABLE", "KernelSaysNo"]

# Numbers as Linux has them (include/uapi/asm-generic/errno*.h): those of another system would be other numbers.
MISSING = (2, "No such file or directory")
NO_PROCESS = (3, "No such process")
EXISTS = (17, "File exists")
DEVICE_MISSING = (19, "No such device")
INVALID = (22, "Invalid argument")
ADDRESS_IN_USE = (98, "Address already in use")
NO_ADDRESS = (99, "Cannot assign requested address")
UNREACHABLE = (101, "Network is unreachable")


class KernelSaysNo(Exception):
    """A change that the kernel would refuse. `detail` is what the kernel adds to the error's own words, where it does."""

    def __init__(self, error: tuple[int, str], detail: str = "") -> None:
        super().__init__(error[1])
        self.errno, self.message = error
        self.detail = detail
