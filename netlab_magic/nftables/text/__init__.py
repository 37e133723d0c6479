"""nft's text: parsers from words to values, printers from values to text.

`words` splits a line; a parser of statements is a parser of expressions, which is one of what remembers, which reads words. `reader` goes
through the lines of a listing and hands its blocks to `block_parser`.
"""

__all__: list[str] = []
