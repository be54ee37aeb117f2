"""A profile: which objects are asked for and which metrics they become, as data.

The files in ``profiles/`` are checked against these models when they are read.
docs/snmp.md explains them.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

OidText = Annotated[str, Field(pattern=r"^\d+(\.\d+)+$")]
MetricName = Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$")]
ProfileName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Derivation = Literal["boot_time"]
Poll = Literal["fast", "slow"]
TextForm = Literal["text", "mac", "address", "hex", "date"]
Level = Literal["ok", "warning", "critical", "unknown"]
IndexForm = Literal["integer", "mac", "ipv4", "address", "text", "rest_text", "rest"]


class Frozen(BaseModel):
    """What every part of a profile has in common: no other keys, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IndexPart(Frozen):
    """One part of a row's index, and the label that it becomes; no label: only told apart by.

    Forms (RFC 2578, 7.7): ``integer`` one number; ``mac`` six; ``ipv4`` four; ``address`` a type,
    a length and the octets (RFC 4001); ``text`` a length and the octets; ``rest_text`` the octets
    without a length; ``rest`` whatever is left, dotted.
    """

    label: LabelName | None = None
    form: IndexForm = "integer"


class Text(Frozen):
    """An object whose text becomes a label.

    ``oid`` is a column within a table, an instance elsewhere; ``otherwise`` are asked for where it
    is empty. ``form`` tells what the octets are (``text`` shows octets that are no text in hex;
    ``mac`` and ``address`` leave what is already written out as text); where ``kind`` has a
    number, ``forms`` tells it instead. ``pattern`` is a regular expression whose first group is
    the text; where it does not fit, all of it counts. ``enum`` names numbers, ``bits`` the bits of
    a BITS value (RFC 2578, 7.1.4: 0 is the first octet's highest), joined by commas; a value in
    which a bit without a name is set is garbage and shown as empty. Within a table the row's own
    index addresses the text, or the parts named by ``by``, or the number that the column
    ``through`` has at them.
    """

    label: LabelName
    oid: OidText
    otherwise: tuple[OidText, ...] = ()
    form: TextForm = "text"
    pattern: str | None = None
    kind: OidText | None = None
    forms: dict[int, TextForm] = Field(default_factory=dict)
    enum: dict[int, str] = Field(default_factory=dict)
    bits: dict[int, str] = Field(default_factory=dict)
    by: tuple[LabelName, ...] = ()
    through: OidText | None = None


class Link(Frozen):
    """A number that leads from a row to a row of another table.

    It becomes a label, and a part that ``by`` may name as if it were of the index. It is the
    index of the row that has, in one of the columns ``among``, the text that one of the columns
    ``same`` has here, tried in the order of ``same`` and then of ``among``, whatever their case;
    where there is none, or more than one, it is the number in the column ``oid``. ``same`` and
    ``oid`` are addressed by the row's own index, or by the parts named by ``by``. A row that leads
    nowhere has an empty label, and so have the texts behind it.
    """

    label: LabelName
    same: tuple[OidText, ...] = ()
    among: tuple[OidText, ...] = ()
    oid: OidText | None = None
    by: tuple[LabelName, ...] = ()


class Info(Frozen):
    """A series that is always 1 and carries text in its labels."""

    metric: MetricName
    help: str
    labels: tuple[Text, ...] = Field(min_length=1)


class Only(Frozen):
    """Rows count only where another column has one of these values.

    ``values`` are numbers, ``objects`` object identifiers, those below them included, ``pattern``
    a regular expression that is looked for in a text, ``least`` and ``most`` bounds of a number.
    The column is addressed by the row's own index, or by the parts named by ``by``. ``optional``:
    rows count, too, where the device does not have the column; for states, not for kinds.
    """

    oid: OidText
    values: frozenset[int] = frozenset()
    objects: frozenset[OidText] = frozenset()
    pattern: str | None = None
    least: float | None = None
    most: float | None = None
    by: tuple[LabelName, ...] = ()
    optional: bool = False

    @model_validator(mode="after")
    def _one_condition(self) -> "Only":
        bounded = self.least is not None or self.most is not None
        given = (bool(self.values), bool(self.objects), self.pattern is not None, bounded)
        if sum(given) != 1:
            raise ValueError("expected one of values, objects, pattern, and least or most")
        return self


Conditions = Annotated[
    tuple[Only, ...],
    BeforeValidator(lambda given: [given] if isinstance(given, dict | Only) else given),
]


class Exponent(Frozen):
    """The decimal point of ENTITY-SENSOR-MIB (RFC 3433): SensorDataScale and SensorPrecision.

    Without ``scale`` it is in units. The columns are addressed by the row's own index, or by the
    parts named by ``by``.
    """

    scale: OidText | None = None
    precision: OidText
    by: tuple[LabelName, ...] = ()


class Number(Frozen):
    """An object whose number becomes a metric.

    ``oid`` is a column within a table, an instance elsewhere. The columns ``plus`` are added to
    the value and ``less`` is taken from it; it is then multiplied by ``scale`` and by the column
    ``times``, divided by the column ``over``, and set at the decimal point of ``exponent``, each
    within its row; ``add`` is added last. ``decibels``: of what is then there, ten times the
    logarithm is shown (milliwatts become dBm); no sample where it is not above zero.
    ``matches`` makes it 1 for the listed values and 0 otherwise; ``states`` makes one sample a
    state, with the label ``state``; ``enum`` only documents what the numbers mean. ``absent``
    lists the values with which a device says that it does not know; no sample then. What all
    devices write for that (65535, 2147483647 and the like; ``decode.py``) need not be listed.
    ``spelled``: the device writes the number as text; where it is not at the beginning,
    ``pattern`` is a regular expression whose first group is the number. ``words``: the device
    writes a word; the number that it stands for. Other words give no sample. An OBJECT IDENTIFIER
    counts as its last number. ``unsigned``: a number below zero is one of 32 bits that overflowed.
    ``bits`` names the bits of a BITS value: one sample a bit, with the label ``state``; with
    ``matches`` one that is 1 where one of those bits is set. A value in which a bit without a
    name is set is garbage; no sample then, and none where ``over`` is not above zero.
    ``unless``: a better column; where it has the row, this one is not shown. ``only``: rows of
    another kind are not shown; of several conditions all must hold.
    ``where``: only rows whose index has one of these words at a label.
    ``range`` is what such a reading can be (without it: what its unit allows, ``units.yaml``);
    what is outside is not shown, and told. Before that, ``scales`` of other firmware are tried in
    the place of ``scale``, and then whether the number is one below zero in an unsigned type.
    ``levels`` names states with the maker's words, in a label ``state``; the value says how bad
    that is: 0 ok, 1 warning, 2 critical, 3 unknown.
    """

    oid: OidText
    metric: MetricName
    help: str
    type: Literal["counter", "gauge"] = "gauge"
    scale: float = 1
    scales: tuple[float, ...] = ()
    range: tuple[float, float] | None = None
    plus: tuple[OidText, ...] = ()
    less: OidText | None = None
    times: OidText | None = None
    over: OidText | None = None
    exponent: Exponent | None = None
    add: float = 0
    decibels: bool = False
    matches: frozenset[int] = frozenset()
    states: dict[int, str] = Field(default_factory=dict)
    levels: dict[Level, dict[int, str]] = Field(default_factory=dict)
    enum: dict[int, str] = Field(default_factory=dict)
    absent: frozenset[int] = frozenset()
    spelled: bool = False
    pattern: str | None = None
    words: dict[str, int] = Field(default_factory=dict)
    unsigned: bool = False
    bits: dict[int, str] = Field(default_factory=dict)
    unless: OidText | None = None
    only: Conditions = ()
    where: dict[LabelName, frozenset[str]] = Field(default_factory=dict)
    labels: dict[LabelName, str] = Field(default_factory=dict)


class Table(Frozen):
    """Columns that share an index; its parts are labels, as are the ``labels`` columns.

    ``poll``: ``fast`` tables are read at every poll, ``slow`` ones every ten minutes and after a
    reboot or a change that the device tells; labels and ``info`` are always slow. ``only`` leaves
    out rows without the value, ``omit`` rows with one; rows that lack the column stay.
    """

    table: str = Field(pattern=r"^[a-zA-Z][a-zA-Z0-9]*$", description="the MIB's name of it")
    poll: Poll = "fast"
    index: tuple[IndexPart, ...] = Field(min_length=1)
    links: tuple[Link, ...] = ()
    labels: tuple[Text, ...] = ()
    info: Info | None = None
    only: Only | None = None
    omit: Only | None = None
    columns: tuple[Number, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _plain_index(cls, data: Any) -> Any:
        """A plain word in ``index`` is an integer part with that label."""
        if isinstance(data, dict) and isinstance(data.get("index"), list):
            parts = [{"label": p} if isinstance(p, str) else p for p in data["index"]]
            return {**data, "index": parts}
        return data


class Profile(Frozen):
    """What is asked of a device for one subject.

    A device gets it when its sysObjectID lies below one of ``object_ids`` (none: any device) and
    it answers something below one of ``present``, unless it gets one of the profiles ``unless``.
    ``changes``: instances whose change means that labels and slow tables must be read again.
    """

    profile: ProfileName
    title: str
    source: str = Field(description="the MIB, and the RFC or vendor that defines it")
    about: str = Field(description="one or two sentences for an administrator")
    object_ids: tuple[OidText, ...] = ()
    present: tuple[OidText, ...] = Field(min_length=1)
    unless: tuple[ProfileName, ...] = ()
    changes: tuple[OidText, ...] = ()
    poll: Poll = Field(default="fast", description="of the scalars")
    info: Info | None = None
    scalars: tuple[Number, ...] = ()
    tables: tuple[Table, ...] = ()
    derived: tuple[Derivation, ...] = ()
