"""What `show nft` returns: tables of nft, as text and as a value."""

from functools import cached_property

from netlab_magic.nftables import parse
from netlab_magic.nftables.ruleset import Ruleset
from netlab_magic.session.results.base import Text

__all__ = ["NftListing"]


class NftListing(Text):
    """The tables of nft, or one of them.

    Attributes:
        text: the listing as nft prints it, line for line; "" if there is no table.
        ruleset: the same as a value; what was not understood is kept in it word for word.
        tables: the tables as nft names them, such as `inet fw`, in the order of the listing.
    """

    def __init__(self, text: str, remark: str = "") -> None:
        """`remark` is shown with the listing."""
        super().__init__(text)
        self._remark = remark

    @cached_property
    def ruleset(self) -> Ruleset:
        """See the class."""
        return parse(self.text, strict=False)

    @property
    def tables(self) -> tuple[str, ...]:
        """See the class."""
        return tuple(table.title for table in self.ruleset.tables)

    def __str__(self) -> str:
        return "\n".join(filter(None, (self._remark, self.text.rstrip("\n")))) or "nft has no tables here."
