"""What `explain` returns: a rule, a chain or a table in words, as text and as HTML."""

from netlab_magic.explain import ChainExplanation, Explanation, SetExplanation, TableExplanation
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.html import Html, b, details, div, joined, pre, table, td, th, tr

__all__ = ["Explained"]


class Explained(Result):
    """An explanation in words.

    Attributes:
        explanation: of a rule, a chain, a table, or a set of nft, part by part.
        language: the language that it is written in, such as `en`.
    """

    def __init__(self, explanation: Explanation | ChainExplanation | TableExplanation | SetExplanation, language: str = "en") -> None:
        self.explanation = explanation
        self.language = language

    @property
    def sentences(self) -> tuple[str, ...]:
        """The explanation, sentence by sentence or paragraph by paragraph, without the rules themselves."""
        return self.explanation.sentences

    def __str__(self) -> str:
        return str(self.explanation)

    def html(self, commands: bool = False) -> Html:
        """See Result. The rules of a chain unfold to the situation in which one meets them."""
        return div(_body(self.explanation), lang=self.language.replace("_", "-"))


def _body(said: Explanation | ChainExplanation | TableExplanation | SetExplanation) -> Html:
    match said:
        case Explanation():
            return _rule(said)
        case ChainExplanation():
            return _chain(said)
        case TableExplanation():
            return _table(said)
        case SetExplanation():
            return joined(pre(b(f"@{said.name}"), f" ({said.table})"), _lines(*said.told), pre("\n".join(said.elements)))


def _lines(*texts: str, kind: str = "") -> Html:
    return joined(*(pre(text, class_=kind) for text in texts if text))


def _more(rule: Explanation) -> Html:
    return _lines(rule.situation, *rule.notes, kind="why")


def _rule(rule: Explanation) -> Html:
    return joined(pre(b(f"{rule.chain} {rule.number}"), f"  {rule.rule}"), _lines(rule.short), _more(rule))


def _chain(chain: ChainExplanation) -> Html:
    head = joined(pre(b(chain.chain), f" ({chain.table})"), _lines(chain.purpose, chain.entered, *chain.notes))
    return joined(head, *map(_folded, chain.rules), _lines(chain.end))


def _table(told: TableExplanation) -> Html:
    rows = (tr(th(name), td(said)) for name, said in told.chains)
    return joined(pre(b(told.table)), table(*rows), _lines(*told.notes))


def _folded(rule: Explanation) -> Html:
    more = _more(rule)
    return joined(pre(b(f"{rule.number}. {rule.rule}")), details(rule.short, more) if more else _lines(rule.short))
