"""Every scenario: broken as it is told, repaired by its solution, and not by its wrong ones; in a simulated lab, with several seeds."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from netlab_magic import Lab, NetlabError
from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.errors import StatementError
from netlab_magic.language.grammar.lesson import LESSON
from netlab_magic.teaching.cast import cast_of, filled
from netlab_magic.teaching.exercise import Exercise
from netlab_magic.teaching.scenario import library, read

SCENARIOS = [name for name, held in library().items() if not held.is_checkpoint]
CHECKPOINTS = [name for name in library() if name not in SCENARIOS]


@pytest.fixture
def lab() -> Iterator[Lab]:
    """An empty simulated lab."""
    with Lab(engine=SIMULATED) as made:
        yield made


def exercise_of(lab: Lab) -> Exercise:
    assert lab.exercise is not None
    return lab.exercise


def work_through(lab: Lab, name: str, seed: int) -> None:
    """Broken, wrongly repaired in every way, repaired."""
    lab.scenario(name, seed)
    before = lab.check()
    assert not before
    assert before.explanation == "", "nothing is given away before it is repaired"
    exercise = exercise_of(lab)
    lab.snapshot("broken")
    for wrong in exercise.scenario.wrong:
        lab.run(exercise.statements(wrong.do))
        found = lab.check()
        assert not found, wrong.do
        assert wrong.says in str(found)
        lab.restore("broken")
    lab.run(exercise.statements(exercise.scenario.solution))
    after = lab.check()
    assert after, str(after)
    assert after.points == after.maximum > before.points
    assert after.explanation in str(after)


@pytest.mark.parametrize("name", SCENARIOS)
def test_its_solution_repairs_it_and_what_is_wrong_does_not(lab, name: str):
    work_through(lab, name, 5)


@pytest.mark.long("every scenario with ten more seeds")
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", SCENARIOS)
def test_with_other_names_and_addresses(lab, name: str, seed: int):
    work_through(lab, name, seed)


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_is_told_in_both_languages(name: str):
    scenario = library()[name]
    english, chinese = scenario.en, scenario.zh_TW
    assert chinese is not None
    assert len(english.hints) == len(chinese.hints) >= 3
    assert len(scenario.wrong) >= 2
    assert scenario.open, "a lab in which nothing works must not pass"
    texts = [text for held in (english, chinese) for text in (held.title, held.symptom, held.explanation, *held.hints)]
    assert all(texts)
    statements = (scenario.setup, scenario.fault, scenario.solution, *scenario.open, *scenario.closed)
    known = set(cast_of(name, 0)) | set(scenario.cast)
    assert {word for text in (*texts, *statements) for word in re.findall(r"\{(\w+)\}", text)} <= known
    for text in (chinese.title, chinese.symptom, chinese.explanation, *chinese.hints):
        assert re.search(r"[\u4e00-\u9fff]", text)
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[“”‘’]", text), text


def test_other_seeds_give_other_names_and_the_same_seed_the_same():
    casts = [cast_of("one-way", seed) for seed in (1, 2, 1)]
    assert casts[0] == casts[2] != casts[1]
    assert filled("{a} { 80 } {unknown}", {"a": "web"}) == "web { 80 } {unknown}"


class TestTheJourney:
    def test_a_scenario_is_told_as_a_user_would(self, lab):
        told = str(lab.scenario("one-way", 3))
        assert "It leaves, and never comes back (scenario one-way, seed 3)" in told
        assert exercise_of(lab).cast["br1"] in told
        assert not lab.ping(exercise_of(lab).cast["a"], "internet")

    def test_hints_come_one_by_one(self, lab):
        lab.scenario("one-way")
        told = [str(lab.hint()) for _ in range(4)]
        assert told[0].endswith("(2 more)")
        assert "There are no more hints" in told[3]

    def test_what_was_broken_cannot_be_undone(self, lab):
        lab.scenario("one-way")
        with pytest.raises(NetlabError, match="there is nothing to undo"):
            lab.undo()

    def test_a_lab_in_use_is_not_taken_away(self, lab):
        lab.run("bridge b 10.0.0.1/24\nns x 10.0.0.2/24 on b")
        with pytest.raises(StatementError, match="the lab is in use"):
            lab.scenario("one-way")
        lab.down()
        lab.scenario("one-way")
        assert "forwarding-off" in str(lab.scenario("forwarding-off")), "one scenario after the other"

    def test_any_scenario(self, lab):
        first = str(lab.scenario("random", 7)).splitlines()[0]
        lab.down()
        assert str(lab.scenario("random", 7)).splitlines()[0] == first

    def test_the_list_has_them_all(self, lab):
        told = str(lab.scenario("list"))
        assert [name for name in library() if f"  {name} " not in told] == []

    def test_in_chinese(self, lab):
        lab.language = "zh_TW"
        assert "有去無回" in str(lab.scenario("one-way"))
        assert "必須要通" in str(lab.check())
        assert "先通過的部分" not in str(lab.hint())

    def test_a_deleted_receiver_does_not_count_as_closed(self, lab):
        lab.scenario("one-way")
        lab.delete(exercise_of(lab).cast["a"])
        found = lab.check()
        assert not found
        assert f"{exercise_of(lab).cast['a']} no longer has" in str(found)

    def test_an_address_that_somebody_else_took_does_not_count(self, lab):
        lab.scenario("no-masquerade", 0)
        cast = exercise_of(lab).cast
        for name in (cast["a"], cast["b"]):
            lab.run(f"$ ip netns exec {name} ip addr add {cast['outside']}/32 dev lo")
        assert not lab.check()


class TestCheckpoints:
    @pytest.mark.parametrize("name", CHECKPOINTS)
    def test_it_brings_an_empty_lab_there_and_knows_it_then(self, lab, name: str):
        assert "is now" in str(lab.checkpoint(name))
        assert "is where it should be" in str(lab.checkpoint(name))
        assert lab.run(f"check {name}")

    def test_what_was_missing_is_told(self, lab):
        lab.checkpoint("forward-rules")
        lab.run("forward delete 3")
        told = str(lab.checkpoint("forward-rules"))
        assert "What was missing:" in told
        assert "ns0 → internet has to get through, and does not: blocked" in told
        assert lab.ping("ns0", "internet")

    def test_a_lab_that_is_further_is_not_touched(self, lab):
        lab.checkpoint("internet")
        lab.run("serve ns0 8080")
        assert "is where it should be" in str(lab.checkpoint("bridge"))
        assert lab.tcp("ns1", "ns0:8080")

    def test_a_scenario_is_solved_for_who_is_stuck(self, lab):
        lab.scenario("one-way", 4)
        cast = exercise_of(lab).cast
        lab.checkpoint("one-way")
        assert lab.ping(cast["a"], "internet")

    def test_a_checkpoint_is_no_scenario(self, lab):
        with pytest.raises(StatementError, match="nothing is broken there: checkpoint bridge"):
            lab.scenario("bridge")


class TestThePageForTeachers:
    PAGE = (Path(__file__).parents[2] / "docs/teachers.md").read_text()

    def test_its_programs_run(self):
        for program in re.findall(r"^```python\n(.*?)^```", self.PAGE, re.DOTALL | re.MULTILINE):
            exec(compile(program, "docs/teachers.md", "exec"), {})  # noqa: S102 - the project's own lines

    def test_its_template_works(self, lab, tmp_path: Path):
        (template,) = re.findall(r"^```toml\n(.*?)^```", self.PAGE, re.DOTALL | re.MULTILINE)
        file = tmp_path / "template.toml"
        file.write_text(template)
        work_through(lab, str(file), 3)

    def test_it_names_every_checkpoint(self):
        assert [name for name in CHECKPOINTS if f"`{name}`" not in self.PAGE] == []


class TestOnesOwn:
    TEXT = """
        setup = '''
        bridge b 10.0.0.1/24
        ns {a} 10.0.0.2/24 on b
        '''
        fault = "policy INPUT DROP"
        solution = "policy INPUT ACCEPT"
        open = ["{a} host"]
        [en]
        title = "A deaf host"
        symptom = "{a} gets no answer from its gateway."
    """

    def test_a_file_is_a_scenario(self, lab, tmp_path: Path):
        file = tmp_path / "deaf.toml"
        file.write_text(self.TEXT)
        assert "A deaf host (scenario deaf, seed 0)" in str(lab.scenario(str(file)))
        assert not lab.check()
        lab.run("policy INPUT ACCEPT")
        assert lab.check()

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("setup = ", "the scenario x cannot be read: Invalid value"),
            ("level = 1", "the scenario x cannot be read: Object missing required field `en`"),
            ("salution = 1\n[en]\ntitle=''\nsymptom=''", "unknown field `salution`"),
        ],
    )
    def test_a_file_that_is_wrong_is_one_sentence(self, text: str, sentence: str):
        with pytest.raises(StatementError) as caught:
            read(text, "x")
        assert sentence in caught.value.message

    def test_one_that_is_not_there(self, lab):
        with pytest.raises(StatementError, match="cannot be read: No such file"):
            lab.scenario("none.toml")
        with pytest.raises(StatementError, match="there is no scenario one-wai; did you mean one-way"):
            lab.scenario("one-wai")


def test_statements_that_need_a_scenario_say_so(lab):
    for statement in ("hint", "check"):
        with pytest.raises(StatementError, match="no scenario is being worked on; scenario list shows them"):
            lab.run(statement)


def test_the_statements_are_in_the_help(lab):
    told = str(lab.run("help"))
    assert [row.word for row in LESSON if row.form not in told] == []
