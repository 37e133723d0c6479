"""The sets of ipset as values: what they hold (`sets`), what `ipset save` and `list` print (`listing`), and ipset's commands (`commands`).

Start reading: `sets`. What a packet finds in a set is in `netfilter/ip_sets`.
"""

__all__: list[str] = []
