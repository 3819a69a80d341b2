"""Whatever a verb prints for a person can be read in Chinese."""

from __future__ import annotations

import ast
import re

import pytest

from headwinds.phrases.catalogue import (
    MACHINE,
    TERMINAL,
    phrase_files,
    phrases,
    read_phrases,
    say,
    speaking,
    translate_list,
)
from house.repository import SOURCE
from phrases.printed import GAP, functions, has_words, sentences_of, texts_of

PRINTED = {
    "adapt/audit/bias.py": ("SwapResult.verdict",),
    "adapt/audit/energy.py": ("Energy.verdict",),
    "adapt/audit/explanation.py": ("Attributions.summary",),
    "adapt/audit/faithfulness.py": ("Faithfulness.verdict",),
    "adapt/audit/groups.py": ("GroupResult.verdict",),
    "adapt/audit/masking.py": ("PersonalDataFound.summary", "PersonalDataFound.verdict"),
    "adapt/audit/membership.py": ("Membership.verdict",),
    "adapt/audit/report.py": ("AuditReport.summary", "private_verdict"),
    "adapt/audit/robustness.py": ("Robustness.verdict",),
    "adapt/continual/forgetting.py": ("ForgettingReport.summary",),
    "adapt/continual/watch_report.py": ("WatchReport.summary", "WatchReport._sentence"),
    "adapt/pretraining/pretraining.py": ("Forecast.summary",),
    "adapt/pretraining/report.py": ("PretrainReport.summary", "_interval"),
    "adapt/evaluation/evaluation_lines.py": ("evaluation_lines",),
    "adapt/held_out.py": ("held_lines",),
    "adapt/learning_curve.py": ("LearningCurve.summary",),
    "adapt/rehearsal.py": ("rehearsal_lines",),
    "adapt/search/outcome.py": ("SearchOutcome.summary",),
    "adapt/seeds.py": ("TunedSeeds.summary",),
    "adapt/tuning.py": ("TunedModel.summary",),
    "annotate/agreement.py": ("Agreement.summary",),
    "study/growth_lines.py": ("growth_lines", "_regression", "_few"),
    "cli/measure.py": ("_lines", "_said"),
    "cli/models.py": ("_show",),
    "explain/attribution/power.py": ("AttributionPower.summary",),
    "explain/breaks/results.py": ("Breaks.summary", "estimand"),
    "explain/convergence/beta.py": ("BetaConvergence.summary",),
    "explain/convergence/clubs.py": ("ConvergenceClubs.summary",),
    "explain/convergence/log_t.py": ("LogT.summary",),
    "explain/convergence/sigma.py": ("SigmaConvergence.summary",),
    "explain/dynamics/dynamic_panel.py": ("DynamicPanel.summary",),
    "explain/graph/identify.py": ("Identification.summary",),
    "explain/solow_model.py": ("SolowEstimate.summary",),
    "explain/spans.py": ("SlowdownEstimate.summary",),
    "explain/stress/break_dates.py": ("break_date_grid",),
    "explain/stress/leave_one_out.py": ("leave_one_out",),
    "explain/stress/placebo.py": ("placebo_index",),
    "machine/choices.py": ("choice_lines", "_backend", "_threads", "_precision", "_predicting"),
    "machine/hardware.py": ("font_line", "_cores", "_memory", "_processor", "_gpu", "_disk"),
    "machine/inspect.py": ("inspect_machine",),
    "machine/libraries.py": ("_extra", "_wrong"),
    "machine/models.py": ("_default", "_cached", "what_is_wrong"),
    "machine/speed.py": ("speed_line",),
    "machine/wording.py": ("in_words",),
    "measure/sampling/draw.py": ("Draw.summary",),
    "measure/sampling/plan.py": ("LabelPlan.summary", "plan_labels", "plan_labels_from_rates"),
    "measure/trace.py": ("Trace.summary", "_told"),
    "registry/card.py": ("_fitted_lines", "card_lines", "cost_lines", "in_words"),
    "registry/promotion.py": ("Decision.summary", "judge_evaluation", "_latency"),
    "study/streamed_files.py": ("what_was_refused",),
}
"""Where the sentences are made that verbs print."""
TELLING = ("tell", "tell_entry", "tell_lines")


VERBS = sorted(path.name for path in (SOURCE / "cli").glob("*.py"))


def in_chinese(text):
    with speaking("zh"):
        return say(text)


def of_the_machine(text):
    return translate_list(text, "zh", MACHINE)


def untold(sentences, told=in_chinese):
    return [(line, text) for line, texts in sentences for text in texts if told(text) == text]


@pytest.mark.parametrize("path", PRINTED)
def test_every_sentence_that_a_result_prints_can_be_told_in_chinese(path):
    known, told = dict(functions(path)), of_the_machine if path.startswith("machine/") else in_chinese
    found = {name: untold(sentences_of(known[name]), told) for name in PRINTED[path]}
    assert found == {name: [] for name in PRINTED[path]}


@pytest.mark.parametrize("verb", VERBS)
def test_every_sentence_that_a_verb_prints_can_be_told_in_chinese(verb):
    tree = ast.parse((SOURCE / "cli" / verb).read_text(encoding="utf-8"))
    told = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node) in TELLING]
    texts = [(node.lineno, [text for one in node.args for text in texts_of(one, {})]) for node in told]
    assert untold([(line, list(filter(has_words, own))) for line, own in texts]) == []


@pytest.mark.parametrize("verb", [name for name in VERBS if name != "terminal.py"])
def test_a_verb_prints_by_the_terminal_alone_so_that_no_sentence_escapes_translation(verb):
    source = (SOURCE / "cli" / verb).read_text(encoding="utf-8")
    assert "stdout" not in source
    assert "print" not in {_name(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}


def _name(call):
    return getattr(call.func, "id", "")


def test_gaps_are_kept_and_no_sentence_stands_twice():
    entries = [
        one for book in (TERMINAL, "") for file in phrase_files("zh", book) for one in read_phrases(file)
    ]
    english = [one["english"] for one in entries]
    assert sorted({one for one in english if english.count(one) > 1}) == []
    for phrase in (*phrases("zh", TERMINAL), *phrases("zh", MACHINE)):
        gaps = [
            set(re.findall(r"(?<!\{)\{(\w+)\}(?!\})", one)) for one in (phrase.english, phrase.translation)
        ]
        assert gaps[0] == gaps[1], phrase.english


@pytest.mark.parametrize(("book", "told"), [(TERMINAL, in_chinese), (MACHINE, of_the_machine)])
def test_every_sentence_comes_back_as_its_own_translation(book, told):
    wrong = []
    for file in phrase_files("zh", book):
        for one in read_phrases(file):
            values = dict.fromkeys(re.findall(r"(?<!\{)\{(\w+)\}(?!\})", one["english"]), GAP)
            said, meant = one["english"].format(**values), one["translation"].format(**values)
            if told(said) != meant and "{reason_e}" not in one["english"]:
                wrong.append((said, told(said), meant))
    assert wrong == []
