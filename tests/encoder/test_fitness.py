"""How the GPUs of a fleet stand, by values: set aside, tried again ever later, taken back on trial."""

from __future__ import annotations

import pytest

from mkv2castd.device import Ability, Backend, Device, Gpu, Proof, Skill, Vendor
from mkv2castd.encoder.fitness import GONE, UNPROVED, Fitness, Member, delay, seen

HOUR = 3600.0
CARD = Gpu("pci-0000_03_00_0", "Radeon R9 285", Vendor.AMD, "radeon", "6.1")
OTHER = Gpu("pci-0000_04_00_0", "Radeon Pro W6600", Vendor.AMD, "radeon", "6.1")
CLOSED = Gpu("pci-0000_05_00_0", "a closed one", Vendor.AMD, "radeon", problem="not yours: join the group render")
GOOD = Device(CARD, (Proof(Ability(Backend.VAAPI, Skill.ENCODE, "h264")),), slots=2)
BAD = Device(CARD, (Proof(Ability(Backend.VAAPI, Skill.ENCODE, "h264"), "it hangs"),), "it hangs")
PROVED = Member(CARD).proved(GOOD, 0.0)


def aside(now: float = 0.0) -> Fitness:
    return Fitness().failed("the frame is lost", now).failed("the driver hangs", now)


class TestDelays:
    def test_they_grow_by_four_from_half_a_minute_to_two_hours(self) -> None:
        assert [delay(setbacks) for setbacks in range(6)] == [30, 120, 480, 1920, 2 * HOUR, 2 * HOUR]

    def test_they_end_at_two_hours_however_often_it_failed(self) -> None:
        assert delay(10_000) == 2 * HOUR

    def test_each_time_that_it_is_set_aside_it_is_left_alone_for_longer(self) -> None:
        fitness, now, waited = Fitness(), 1000.0, []
        for _ in range(6):
            while fitness.due is None:
                fitness = fitness.failed("the driver hangs", now)
            waited.append(fitness.due - now)
            now = fitness.due
            fitness = fitness.proved(None, now)
        assert waited == [30, 120, 480, 1920, 2 * HOUR, 2 * HOUR]


class TestSettingAside:
    def test_one_failure_may_be_an_accident(self) -> None:
        assert Fitness().failed("the frame is lost", 0).aside is None

    def test_the_second_in_a_row_is_none(self) -> None:
        fitness = aside(now=5)
        assert fitness.aside == "after two failures in a row: the driver hangs"
        assert fitness.due == 35

    def test_a_success_in_between_makes_up_for_the_first(self) -> None:
        assert Fitness().failed("a", 0).succeeded().failed("b", 0).aside is None

    def test_what_was_under_way_meanwhile_changes_nothing(self) -> None:
        fitness = aside()
        assert fitness.failed("a third film", 20) == fitness
        assert fitness.succeeded() == fitness

    def test_taken_back_it_has_no_second_chance(self) -> None:
        back = aside().proved(None, 30)
        assert (back.aside, back.due) == (None, None)
        again = back.failed("the driver hangs again", 100)
        assert again.aside == "after a further failure: the driver hangs again"
        assert again.due == 100 + 120

    def test_once_it_has_done_its_work_it_is_trusted_as_before(self) -> None:
        assert aside().proved(None, 30).succeeded() == Fitness()

    def test_a_trial_that_fails_keeps_it_aside_for_longer(self) -> None:
        fitness = aside().proved("it hangs", 30)
        assert fitness.aside == "and its trial fails as well: it hangs"
        assert fitness.due == 30 + 120

    def test_a_device_that_never_worked_is_tried_again_as_well(self) -> None:
        fitness = Fitness().proved("it hangs", 0)
        assert (fitness.aside, fitness.due) == (None, 30)
        assert fitness.proved("it hangs", 30).due == 30 + 120


class TestCrowding:
    @pytest.mark.parametrize(("running", "most"), [((1,), 1), ((3,), 3), ((3, 2), 2), ((2, 3), 2), ((0,), 1)])
    def test_it_gets_no_more_than_it_has_taken(self, running: tuple[int, ...], most: int) -> None:
        fitness = Fitness()
        for number in running:
            fitness = fitness.crowded(number)
        assert fitness.most == most

    @pytest.mark.parametrize(("configured", "most", "slots"), [(None, 1, 1), (4, 3, 3), (1, 3, 1), (4, None, 4)])
    def test_the_least_of_wish_and_limit_holds(self, configured: int | None, most: int | None, slots: int) -> None:
        member = PROVED.fit(Fitness(most=most))
        assert member.station(slots=configured, enabled=True, due="").slots == slots

    def test_the_next_trial_lifts_the_limit(self) -> None:
        member = PROVED.fit(Fitness().crowded(1)).proved(GOOD, 0)
        assert member.station(slots=None, enabled=True, due="").slots == 2

    def test_success_does_not(self) -> None:
        assert Fitness().crowded(1).succeeded().most == 1


class TestStations:
    @pytest.mark.parametrize(
        ("member", "problem"),
        [
            (Member(CARD), UNPROVED),
            (Member(CARD).untried("ffmpeg is not installed", 0), f"{UNPROVED}: ffmpeg is not installed"),
            (Member(CLOSED), CLOSED.problem),
            (PROVED, None),
            (Member(CARD).proved(BAD, 0), "it hangs"),
            (
                PROVED.fit(aside()),
                "set aside after two failures in a row: the driver hangs; tried again at 13:05",
            ),
            (
                PROVED.fit(aside()).proved(BAD, 0),
                "set aside and its trial fails as well: it hangs; tried again at 13:05",
            ),
            (seen({CARD.id: PROVED}, ())[CARD.id], GONE),
        ],
        ids=["new", "untried", "closed", "good", "bad", "aside", "still aside", "gone"],
    )
    def test_they_tell_why_a_device_gets_no_work(self, member: Member, problem: str | None) -> None:
        station = member.station(slots=None, enabled=True, due="at 13:05")
        assert (station.id, station.name, station.problem) == (member.gpu.id, member.gpu.name, problem)
        assert station.open is (problem is None)

    def test_one_that_is_switched_off_takes_nothing(self) -> None:
        assert not PROVED.station(slots=None, enabled=False, due="").open


class TestWhatHasToBeProved:
    def test_a_new_device_at_once(self) -> None:
        assert Member(CARD).needs_proof(0)

    def test_a_proved_one_no_more(self) -> None:
        assert not PROVED.needs_proof(1e9)

    def test_one_that_was_set_aside_when_its_time_has_come_and_without_old_answers(self) -> None:
        member = PROVED.fit(aside(now=0))
        assert [member.needs_proof(now) for now in (0, 29, 30)] == [False, False, True]
        assert member.believes_nothing

    def test_one_that_could_not_be_tried_later(self) -> None:
        member = Member(CARD).untried("ffmpeg is not installed", 0)
        assert [member.needs_proof(now) for now in (0, 30)] == [False, True]

    def test_one_with_a_problem_of_its_own_never(self) -> None:
        assert not Member(CLOSED).needs_proof(0)

    @pytest.mark.parametrize("anew", [False, True])
    def test_one_that_is_doubted_at_once_and_until_then_it_works_on(self, anew: bool) -> None:
        member = PROVED.doubted(anew=anew)
        assert member.needs_proof(0)
        assert member.believes_nothing is anew
        assert member.station(slots=None, enabled=True, due="").open
        assert not member.proved(GOOD, 0).needs_proof(1e9)

    def test_a_doubt_does_not_wait_for_a_delay(self) -> None:
        assert PROVED.fit(aside(now=0)).doubted(anew=False).needs_proof(0)


class TestLooking:
    def test_what_is_as_before_stays_as_it_is(self) -> None:
        assert seen({CARD.id: PROVED}, (CARD,)) == {CARD.id: PROVED}

    def test_a_new_one_is_to_be_proved_and_the_order_is_the_machines(self) -> None:
        fleet = seen({CARD.id: PROVED}, (OTHER, CARD))
        assert list(fleet) == [OTHER.id, CARD.id]
        assert fleet[OTHER.id] == Member(OTHER)

    def test_one_that_has_vanished_is_known_but_not_tried(self) -> None:
        fleet = seen({CARD.id: PROVED, OTHER.id: Member(OTHER)}, (OTHER,))
        assert list(fleet) == [OTHER.id, CARD.id]
        assert not fleet[CARD.id].doubted(anew=True).needs_proof(1e9)

    def test_one_that_comes_back_has_to_prove_itself_first(self) -> None:
        back = seen(seen({CARD.id: PROVED}, ()), (CARD,))[CARD.id]
        assert back.needs_proof(0)
        assert not back.believes_nothing
        assert back.problem("") == UNPROVED

    def test_one_that_was_set_aside_when_it_vanished_stays_so_until_it_has_proved_itself_anew(self) -> None:
        back = seen(seen({CARD.id: PROVED.fit(aside())}, ()), (CARD,))[CARD.id]
        assert back.needs_proof(0)
        assert back.believes_nothing
        assert not back.station(slots=None, enabled=True, due="").open

    def test_another_driver_has_to_prove_itself(self) -> None:
        newer = Gpu(CARD.id, CARD.name, CARD.vendor, CARD.driver, "6.2")
        fresh = seen({CARD.id: PROVED}, (newer,))[CARD.id]
        assert (fresh.gpu, fresh.device, fresh.needs_proof(0)) == (newer, None, True)
