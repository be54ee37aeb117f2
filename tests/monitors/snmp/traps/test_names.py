"""The table of names: one name a notification, each as its MIB writes it."""

from collections import Counter

from monitors.snmp.traps import names


def test_no_oid_and_no_name_stands_twice() -> None:
    for known in (names.table().traps, names.table().objects):
        assert max(Counter(entry.oid for entry in known).values()) == 1
        assert max(Counter(entry.name for entry in known).values()) == 1


def test_a_link_notification_calls_for_a_poll() -> None:
    assert all(known.poll for known in names.table().traps if known.link)


def test_an_instance_is_told_by_its_object() -> None:
    assert names.object_name("1.3.6.1.2.1.31.1.1.1.1.3") == "ifName"
    assert names.object_name("1.3.6.1.2.1.31.1.1.1.10.3") == ""
    assert names.object_name("") == ""
