"""Rulesets of iptables and ip6tables as values.

Text to values and back (`save_format`, `rule_parser`, `canonical`, `command`), what every match and target means (`extensions/`),
what `iptables -nvL` prints (`listing/`), what changed between two rulesets (`diff`), what is known without a packet (`analysis/`), and
the sets that rules look into (`ipset/`).

Start reading: `ruleset`, then `save_format`; a match or target is a row of `extensions/`.
Imports: errors, i18n, model, text.
"""

__all__: list[str] = []
