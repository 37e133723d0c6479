"""nft's command language as people type it, and what it makes of a ruleset.

`tokens` and `script` split a text and put variables in place, `grammar` reads commands, whose rules `rule_parser` reads with the parser of
listings. `transaction` carries them out: first what nft itself checks, then what the kernel does. `rule_listing` and `elements` know how
a rule or an element looks when nft lists it. `shown` prints what commands ask for. Everything was measured with nft 1.0.6.
"""

__all__: list[str] = []
