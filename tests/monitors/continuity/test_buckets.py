"""How old the copy in a bucket is, as the target that puts it there says with its audit."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from monitors.audit.host_files import newest_content
from monitors.continuity.host_status import BUCKETS, bucket_copies
from monitors.continuity.records import ContinuityError
from tests.monitors.continuity.state_folder import HOST, NOW, PLAN, ago, put_buckets, put_kept

VAULT = "central-vault"


def told(state: Path) -> dict[tuple[str, str, str], datetime]:
    return bucket_copies(state, VAULT, newest_content)


def test_a_target_that_was_never_audited_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContinuityError, match="central-vault was not audited yet"):
        told(tmp_path)


def test_what_another_account_may_have_written_is_not_believed(tmp_path: Path) -> None:
    put_buckets(tmp_path, ago(hours=1), HOST, "offsite", by=VAULT, owner="bastide-push")
    with pytest.raises(ContinuityError, match="bastide-push's"):
        told(tmp_path)


def test_a_time_to_come_is_no_age(tmp_path: Path) -> None:
    put_buckets(tmp_path, ago(hours=-1), HOST, "offsite", by=VAULT)
    with pytest.raises(ContinuityError, match="in the future"):
        told(tmp_path)


@pytest.mark.parametrize("newest", ["soon", -1, float("inf")])
def test_what_is_no_time_is_refused_with_its_place(newest: object, tmp_path: Path) -> None:
    copy = {"host": HOST, "plan": PLAN, "target": "offsite", "newest": newest}
    text = json.dumps({"at": 0, "copies": [copy]})
    put_kept(tmp_path, NOW, BUCKETS, text, owner="root", host=VAULT)
    with pytest.raises(ContinuityError, match="not a bucket status"):
        told(tmp_path)


def test_a_copy_of_which_no_snapshot_is_known_has_no_age(tmp_path: Path) -> None:
    put_buckets(tmp_path, None, HOST, "offsite", by=VAULT)
    assert told(tmp_path) == {}


def test_the_newest_snapshot_of_each_copy_has_the_time_at_which_it_came(tmp_path: Path) -> None:
    put_buckets(tmp_path, ago(hours=3), HOST, "offsite", by=VAULT)
    assert told(tmp_path) == {(HOST, PLAN, "offsite"): ago(hours=3)}
