"""Archives are made of their members and of nothing else."""

import io
import tarfile

from inventory.archives import tar

MEMBERS = (("b/čaj.yml", b"x: 1\n"), ("a", b""))


def test_a_tar_holds_its_members_in_their_order_and_nothing_of_the_machine() -> None:
    with tarfile.open(fileobj=io.BytesIO(tar(MEMBERS))) as archive:
        read = [(i.name, archive.extractfile(i), i.mode, i.mtime, i.uid, i.uname) for i in archive]

    assert [(name, content and content.read()) for name, content, *_ in read] == list(MEMBERS)
    assert {tuple(entry[2:]) for entry in read} == {(0o644, 0, 0, "")}


def test_equal_members_give_equal_bytes() -> None:
    assert tar(iter(MEMBERS)) == tar(MEMBERS)
    assert tar(reversed(MEMBERS)) != tar(MEMBERS)
