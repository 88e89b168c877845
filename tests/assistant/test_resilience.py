from threading import Event

from assistant.resilience import Breaker, Limits, Patience, pause


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_each_budget_is_told_apart():
    clock = Clock()
    patience = Patience(Limits(first_text=20, idle=15, total=120), clock=clock)
    clock.now += 19.9
    assert patience.spent() is None
    clock.now += 0.1
    assert patience.spent() == "first_text_timeout"
    patience.hear()
    assert patience.spent() is None
    clock.now += 15
    assert patience.spent() == "idle_timeout"
    clock.now += 85
    patience.hear()
    assert patience.spent() == "total_timeout"


def test_what_is_left_is_the_nearest_budget():
    clock = Clock()
    patience = Patience(Limits(first_text=20, idle=15, total=25), clock=clock)
    assert patience.left() == 20
    clock.now += 12
    patience.hear()
    assert patience.left() == 13


def test_no_wait_that_the_budget_does_not_allow():
    clock = Clock()
    patience = Patience(Limits(first_text=2), clock=clock)
    assert not patience.sleep(2)
    assert patience.sleep(0)


def test_a_reader_who_left_ends_a_wait():
    gone = Event()
    gone.set()
    patience = Patience(Limits(), gone)
    assert patience.spent() == "interrupted"
    assert not patience.sleep(5)


def test_pauses_double_with_jitter_and_obey_the_service():
    assert all(0.25 <= pause(1, None) <= 0.5 and 1 <= pause(3, None) <= 2 for _ in range(100))
    assert 7 <= pause(1, 7) <= 7.25
    assert len({pause(2, None) for _ in range(20)}) > 10


def test_the_breaker_lets_one_through_after_its_rest():
    clock = Clock()
    breaker = Breaker(limit=2, rest=30, clock=clock)
    breaker.report(failed=True)
    assert breaker.allows()
    breaker.report(failed=True)
    assert (breaker.allows(), breaker.trusted) == (False, False)
    clock.now += 30
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.report(failed=False)
    assert [breaker.allows() for _ in range(3)] == [True, True, True]
