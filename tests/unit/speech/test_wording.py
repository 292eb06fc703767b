import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.speech.cues import load_cues, placed_log_odds
from pipeline.speech.wording import Wording, load_wording, runs, syllables_of


def wording(**weights):
    return Wording(bias=-0.2, weights={run.replace("_", " "): w for run, w in weights.items()})


def test_misheard_words_of_the_same_sound_are_the_same_runs():
    assert list(runs("逾期罚息")) == list(runs("鱼七发西"))


def test_every_character_has_one_syllable():
    assert syllables_of("还app3期") == ["hai", "a", "p", "p", "3", "qi"]


@given(st.lists(st.text("您还款我们2a", max_size=6), min_size=1, max_size=4))
def test_pieces_share_out_what_the_whole_says(pieces):
    known = load_wording()
    assert sum(known.placed_log_odds(pieces)) == pytest.approx(sum(known.placed_log_odds(["".join(pieces)])))


def test_a_run_counts_once_and_where_it_stands():
    known = wording(hao=1.0, hao_de=0.5)
    assert known.placed_log_odds(["好的好", "的"]) == pytest.approx([1.5 - 0.15, -0.05])


def test_an_edge_is_no_run_and_a_word_at_an_edge_is():
    found = [run for run, _ in runs("好")]
    assert found == ["hao", "< hao", "hao >", "< hao >"]


def test_roles_are_told_by_wording_that_no_cue_holds():
    known = load_wording()
    agent, customer = "系统里还没有看到入账", "我手头实在是没钱了"
    assert placed_log_odds([agent], load_cues())[0] <= known.placed_log_odds([agent])[0]
    assert known.placed_log_odds([agent])[0] > 0.5
    assert known.placed_log_odds([customer])[0] < -0.5


def test_a_cue_over_two_pieces_counts_for_the_one_in_its_middle():
    odds = placed_log_odds(["工", "号三零一", "六"], load_cues())
    assert odds[1] > 0
    assert odds[0] == odds[2] == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [("hao\t1.0\n", "bias"), ("\t0.1\nhao 1.0\n", "line 2"), ("\t0.1\nhao\tmuch\n", "line 2")],
)
def test_a_malformed_file_is_named(tmp_path, content, says):
    path = tmp_path / "syllables.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        load_wording(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.tsv"):
        load_wording(tmp_path / "nowhere.tsv")
