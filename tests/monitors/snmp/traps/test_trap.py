"""The table of names: one name a notification, each as its MIB writes it."""

from collections import Counter

from monitors.snmp.traps.trap import names, object_name


def test_no_oid_and_no_name_stands_twice() -> None:
    for entries in (names().traps, names().objects):
        assert max(Counter(entry.oid for entry in entries).values()) == 1
        assert max(Counter(entry.name for entry in entries).values()) == 1


def test_a_link_notification_calls_for_a_poll() -> None:
    assert all(trap.poll for trap in names().traps if trap.link)


def test_an_instance_is_named_by_its_object() -> None:
    assert object_name("1.3.6.1.2.1.31.1.1.1.1.3") == "ifName"
    assert object_name("1.3.6.1.2.1.31.1.1.1.10.3") == ""
    assert object_name("") == ""
