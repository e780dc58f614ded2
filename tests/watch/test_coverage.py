"""Knowing which folders are watched."""

from __future__ import annotations

from mkv2castd.watch.coverage import Coverage

ROOT, SUB, DEEP = (b"/films", 1), (b"/films/sub", 2), (b"/films/sub/deep", 3)
ALL = (ROOT, SUB, DEEP)


def test_a_tree_that_is_watched_as_a_whole_has_no_problem() -> None:
    coverage = Coverage(30)
    coverage.compared(ALL, [], frozenset((1, 2, 3, 4)), 0)
    assert coverage.whole
    assert coverage.due is None
    assert coverage.problem is None


def test_a_folder_that_stays_unwatched_is_told_after_some_tries_and_taken_back_when_it_heals() -> None:
    coverage = Coverage(30)
    coverage.compared(ALL, [], frozenset((1, 2)), 0)
    assert coverage.whole, "it may only be too new"
    doubtful: list[bytes] = []
    for _ in range(10):
        if coverage.due is not None:
            _, doubtful = coverage.confirm(frozenset((1, 2)), coverage.due)
    assert doubtful == [DEEP[0]]
    coverage.left_out(DEEP[0])
    assert not coverage.whole
    assert "fs.inotify.max_user_watches" in (coverage.problem or "")
    assert "every 30 s" in (coverage.problem or "")
    coverage.compared(ALL, [], frozenset((1, 2)), 100)
    assert not coverage.whole
    coverage.compared(ALL, [], frozenset((1, 2, 3)), 200)
    assert coverage.whole


def test_new_folders_are_scanned_again_once_they_are_watched_the_topmost_only() -> None:
    coverage = Coverage(30)
    coverage.compared([ROOT], [], frozenset((1,)), 0)
    coverage.entered([SUB, DEEP], [], 1, hinted=True)
    assert coverage.due is not None
    assert coverage.confirm(frozenset((1,)), coverage.due) == ([], [])
    assert coverage.confirm(frozenset((1, 2, 3)), 2) == ([SUB[0]], [])
    assert coverage.due is None
    assert list(coverage.unknown([SUB, (b"/films/new", 9)])) == [(b"/films/new", 9)]


def test_where_nothing_can_be_known_new_folders_are_scanned_again_and_believed() -> None:
    coverage = Coverage(30)
    coverage.entered([SUB], [], 0, hinted=True)
    scanned = []
    while coverage.due is not None:
        sure, doubtful = coverage.confirm(None, coverage.due)
        scanned += sure
        assert not doubtful
    assert scanned == [SUB[0]]


def test_unreadable_folders_are_named_with_the_remedy() -> None:
    coverage = Coverage(30)
    errors = [(path, PermissionError(13, "Permission denied")) for path in (b"/films/\xff", b"/films/b", b"/films/c")]
    coverage.compared([ROOT], errors, None, 0)
    assert coverage.problem == (
        "/films/\ufffd and 2 other folders cannot be read (Permission denied): give the user that mkv2castd runs as "
        "leave to read and enter it"
    )
    coverage.entered([(path, 5) for path, _ in errors], [], 1, hinted=False)
    assert coverage.problem is None


def test_it_is_known_whether_what_has_gone_was_a_folder() -> None:
    coverage = Coverage(30)
    coverage.compared(ALL, [], None, 0)
    assert coverage.gone([SUB[0], b"/films/poster.jpg"])
    assert not coverage.gone([SUB[0]])
