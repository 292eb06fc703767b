import pytest

from pipeline.phonetics.likeness import MERGED, TONE, distance, nearest
from pipeline.phonetics.search import SoundIndex
from pipeline.phonetics.syllables import Syllable, parse, readings, spell


def test_a_character_has_its_readings_and_a_phrase_the_one_that_fits():
    assert {s.initial for s in readings("行")} >= {"x", "h"}
    assert spell("银行")[1] == (Syllable("h", "ang", 2),)


def test_a_fixed_reading_is_stronger_than_the_dictionary():
    assert spell("还款", {"还": "huan2"})[0] == (Syllable("h", "uan", 2),)


def test_the_written_i_is_two_sounds():
    assert parse("zhi1").final != parse("ji1").final


@pytest.mark.parametrize("mark", ["，", "7", "ü", " "])
def test_what_is_not_spoken_as_a_syllable_has_no_reading(mark):
    assert readings(mark) == ()


def test_letters_are_read_by_their_names_in_either_case():
    assert readings("a") == readings("A") != ()


def test_what_is_no_pinyin_is_refused():
    with pytest.raises(ValueError, match="no pinyin"):
        parse("xyz1")


@pytest.mark.parametrize(
    ("one", "other"), [("zhang1", "zang1"), ("shen1", "sen1"), ("lan2", "lang2"), ("jin1", "jing1")]
)
def test_merged_sounds_are_close(one, other):
    assert distance(parse(one), parse(other)) == pytest.approx(MERGED)


def test_sounds_are_ordered_by_how_alike_they_are():
    tone = distance(parse("ma1"), parse("ma3"))
    merged = distance(parse("si4"), parse("shi4"))
    mixed = distance(parse("hua1"), parse("fa1"))
    other = distance(parse("ma1"), parse("gong1"))
    assert 0 < tone == TONE < merged < mixed < other == 1


def test_distance_is_symmetric_and_zero_for_the_same():
    sounds = [parse(p) for p in ("zhi1", "ji1", "lv4", "nv3", "yuan2", "er4", "xiong1")]
    for a in sounds:
        assert distance(a, a) == 0
        for b in sounds:
            assert distance(a, b) == distance(b, a)


def test_a_rare_reading_is_weaker_evidence():
    usual, rarer = parse("da4"), parse("dai4")
    assert nearest(readings("大"), (usual,)) < nearest(readings("大"), (rarer,))


def test_terms_are_found_by_their_sound_where_they_stand():
    index = SoundIndex(["录音", "客服热线"])
    found = [(n.term, n.start, n.end) for n in index.find("本次会露音，请打科夫热线", most=0.1)]
    assert found == [(0, 3, 5), (1, 8, 12)]


def test_a_term_as_written_is_found_with_no_distance():
    (found,) = SoundIndex(["录音"]).find("录音", most=0.0)
    assert found.distance == 0


@pytest.mark.parametrize("text", ["", "录", "音录", "录，音"])
def test_a_stretch_must_be_whole(text):
    assert list(SoundIndex(["录音"]).find(text, most=0.3)) == []


def test_an_empty_index_finds_nothing():
    assert list(SoundIndex([]).find("录音", most=1.0)) == []
