"""The adapter to gufo-snmp, the fast client: Rust codec, asyncio, SNMPv3 authPriv.

What it adds to the library: retries, one reader registration a session instead of one a
packet, and a cache of engine IDs and localized keys (RFC 3414, A.2), without which turning
the passphrases into keys costs more CPU than the poll.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from typing import TypeVar

from gufo.snmp import (
    Aes128Key,
    Aes192Key,
    Aes256Key,
    NoSuchInstance,
    Sha1Key,
    Sha224Key,
    Sha256Key,
    Sha384Key,
    Sha512Key,
    SnmpAuthError,
    SnmpDecodeError,
    User,
)
from gufo.snmp import SnmpError as GufoError
from gufo.snmp._fast import GetIter
from gufo.snmp.aio import SnmpSession
from gufo.snmp.user import BaseAuthKey, BasePrivKey, KeyType

from monitors.snmp.client import (
    Agent,
    BadAnswerError,
    Credentials,
    NoAnswerError,
    Page,
    Raw,
    RefusedError,
    SnmpError,
)

Answer = TypeVar("Answer")

AUTH_KEYS: dict[str, type[BaseAuthKey]] = {
    "SHA": Sha1Key,
    "SHA224": Sha224Key,
    "SHA256": Sha256Key,
    "SHA384": Sha384Key,
    "SHA512": Sha512Key,
}
PRIV_KEYS: dict[str, type[BasePrivKey]] = {
    "AES": Aes128Key,
    "AES192": Aes192Key,
    "AES256": Aes256Key,
}
# AES with a longer key than the hash gives: the library stretches it, from the passphrase only.
LOCALIZABLE_PRIV = {"AES"}
# All that its methods raise; TimeoutError and BlockingIOError are OSErrors.
LIBRARY_ERRORS = (GufoError, OSError, ValueError, RuntimeError)
ATTEMPT_SECONDS = 1.5
ATTEMPTS = 2
MOST_OIDS = 16


class _EndOfTreeError(Exception):
    """There is nothing more below the base of a walk."""


class GufoClient:
    """Opens sessions; remembers the engine ID of every agent that it met."""

    def __init__(self, attempt_seconds: float = ATTEMPT_SECONDS, attempts: int = ATTEMPTS) -> None:
        """Each request waits ``attempt_seconds``, and is sent ``attempts`` times at most."""
        self._attempt_seconds, self._attempts = attempt_seconds, attempts
        self._engines: dict[tuple[str, int], bytes] = {}

    @asynccontextmanager
    async def session(self, agent: Agent) -> AsyncIterator["GufoSession"]:
        """Open a session: one exchange when the engine is known, two when it is not.

        Raises SnmpError.
        """
        place = (agent.address, agent.port)
        session = await self._greet(agent, self._engines.get(place))
        self._engines[place] = session.engine_id()
        try:
            yield session
        except RefusedError:
            # Keys made for another engine are refused too: other hardware at the old address.
            self._engines.pop(place, None)
            raise
        finally:
            session.close()

    async def _greet(self, agent: Agent, engine: bytes | None) -> "GufoSession":
        try:
            session = GufoSession(agent, engine, self._attempt_seconds, self._attempts)
            await session.open()
        except SnmpError:
            if engine is None:
                raise
            self._engines.pop((agent.address, agent.port), None)
            return await self._greet(agent, None)
        return session


class GufoSession:
    """A conversation with one agent; see ``client.Session``."""

    def __init__(self, agent: Agent, engine: bytes | None, seconds: float, attempts: int) -> None:
        """Prepare the socket; nothing is sent before ``open``."""
        self._where = f"{agent.address} port {agent.port}"
        self._seconds, self._attempts = seconds, attempts
        user = _user(agent.credentials, engine)
        self._session = _guarded(
            self._where,
            lambda: SnmpSession(
                agent.address, agent.port, user=user, engine_id=engine, timeout=seconds
            ),
        )
        # Private, but its protocol is public (gufo.snmp.protocol), and only with the socket can
        # one reader registration serve a whole poll.
        self._socket = self._session._sock
        self._on_readable: Callable[[], None] = _nothing
        self._watched = False

    async def open(self) -> None:
        """Learn the engine ID, boots and time; raises SnmpError."""
        for attempt in range(1, self._attempts + 1):
            try:
                await self._session.refresh()
                break
            except LIBRARY_ERRORS as error:
                failure = _explain(error, self._where)
                if attempt == self._attempts or not isinstance(failure, NoAnswerError):
                    raise failure from error
        asyncio.get_running_loop().add_reader(self._socket.get_fd(), lambda: self._on_readable())
        self._watched = True

    def close(self) -> None:
        """Stop watching the socket; the library closes it with its last reference."""
        if self._watched:
            asyncio.get_running_loop().remove_reader(self._socket.get_fd())
            self._watched = False

    def engine_id(self) -> bytes:
        """The agent's SnmpEngineID, known once the session is open."""
        return self._session.get_engine_id()

    async def get(self, oids: Sequence[str]) -> Mapping[str, Raw]:
        """See ``client.Session``."""
        found: dict[str, Raw] = {}
        for start in range(0, len(oids), MOST_OIDS):
            part = list(oids[start : start + MOST_OIDS])
            found |= await self._exchange(
                lambda part=part: self._socket.send_get_many(part),  # type: ignore[misc]
                self._socket.recv_get_many,
            )
        return found

    async def walk(self, base: str, repetitions: int) -> AsyncIterator[Page]:
        """See ``client.Session``."""
        place = GetIter(base, repetitions)
        while True:
            try:
                answered = await self._exchange(
                    lambda: self._socket.send_get_bulk(place),
                    lambda: self._socket.recv_get_bulk(place),
                )
            except _EndOfTreeError:
                return
            page = [binding for binding in answered if binding is not None]
            yield page
            if not page or len(page) < len(answered):
                return

    async def _exchange(self, send: Callable[[], None], receive: Callable[[], Answer]) -> Answer:
        failure: SnmpError = NoAnswerError(f"{self._where}: never asked")
        for _ in range(self._attempts):
            try:
                send()
                return await self._answer(receive)
            except LIBRARY_ERRORS as error:
                failure = _explain(error, self._where)
        raise failure

    async def _answer(self, receive: Callable[[], Answer]) -> Answer:
        """Wait for the answer and take it in the reader's own callback.

        Taking it later, in the waiting task, would wake the loop twice for each packet.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._on_readable = partial(_take, receive, answer)
        timer = loop.call_later(self._seconds, _give_up, answer)
        try:
            return await answer
        finally:
            timer.cancel()


def _nothing() -> None:
    """What is done with a datagram before anything was asked."""


def _take(receive: Callable[[], Answer], answer: "asyncio.Future[Answer]") -> None:
    """Read one datagram into its future; a late one, for nobody, is read and dropped."""
    try:
        found = receive()
    except BlockingIOError:
        return
    except (*LIBRARY_ERRORS, StopAsyncIteration) as error:
        if not answer.done():
            # A future cannot carry StopIteration, the library's sign for the end of a tree.
            ended = isinstance(error, StopAsyncIteration)
            answer.set_exception(_EndOfTreeError() if ended else error)
    else:
        if not answer.done():
            answer.set_result(found)


def _give_up(answer: "asyncio.Future[Answer]") -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


def _guarded(where: str, make: Callable[[], Answer]) -> Answer:
    try:
        return make()
    except LIBRARY_ERRORS as error:
        raise _explain(error, where) from error


def _explain(error: Exception, where: str) -> SnmpError:
    if isinstance(error, TimeoutError):
        return NoAnswerError(f"{where}: no answer; is it on, and does it admit this address?")
    if isinstance(error, SnmpAuthError):
        return RefusedError(f"{where}: user or keys refused; compare the inventory's snmp section")
    if isinstance(error, SnmpDecodeError | NoSuchInstance):
        return BadAnswerError(f"{where}: an answer that is not SNMP ({error})")
    if isinstance(error, GufoError):
        return BadAnswerError(f"{where}: the agent reported an error ({error})")
    if isinstance(error, OSError):
        return NoAnswerError(f"{where}: {error.strerror or error}")
    return BadAnswerError(f"{where}: {type(error).__name__}: {error}")


@lru_cache(maxsize=64)
def _master_key(protocol: str, passphrase: str) -> bytes:
    return AUTH_KEYS[protocol].get_master_key(passphrase.encode())


@lru_cache(maxsize=4096)
def _user(credentials: Credentials, engine: bytes | None) -> User:
    auth, priv = AUTH_KEYS[credentials.auth_protocol], PRIV_KEYS[credentials.priv_protocol]
    if engine is None:
        return User(
            credentials.user,
            auth_key=auth(credentials.auth.encode()),
            priv_key=priv(credentials.priv.encode()),
        )
    auth_key = auth.get_localized_key(
        _master_key(credentials.auth_protocol, credentials.auth), engine
    )
    if credentials.priv_protocol in LOCALIZABLE_PRIV:
        own = auth.get_localized_key(
            _master_key(credentials.auth_protocol, credentials.priv), engine
        )
        priv_key = priv(own, KeyType.Localized)
    else:
        priv_key = priv(credentials.priv.encode())
    return User(credentials.user, auth_key=auth(auth_key, KeyType.Localized), priv_key=priv_key)
