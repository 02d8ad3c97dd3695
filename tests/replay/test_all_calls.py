"""Every recorded call is made here, or it is said why not."""

from . import test_replay, test_replay_metadata, test_replay_settings
from .left_out import LEFT_OUT

RECORDED = 1227
"""How many calls were recorded."""


def test_every_recorded_call_is_made_once_or_left_out() -> None:
    made = [case["id"] for module in (test_replay, test_replay_metadata, test_replay_settings) for case in module.CASES]
    left_out = [case_id for ids in LEFT_OUT.values() for case_id in ids]
    assert len({*made, *left_out}) == len(made) + len(left_out) == RECORDED
