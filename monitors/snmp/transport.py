"""One UDP socket for all agents: datagrams out, each answer to whoever waits for it.

An answer counts only when it comes from an address that the agent may answer from and carries the
random number of the request; everything else is dropped.
"""

import asyncio
import errno
import os
import socket
from array import array
from dataclasses import dataclass

from monitors.snmp.client import Agent, BadAnswerError, NoAnswerError
from monitors.snmp.wire import ber

# Two hundred agents may answer in the same millisecond.
RECEIVE_BUFFER = 4 * 1024 * 1024
LARGEST_DATAGRAM = 65535
LARGEST_NUMBER = 2**31 - 1
# Random numbers fetched from the kernel at once.
NUMBERS = 256
# So that a flood of datagrams leaves the loop time for everything else.
MOST_AT_ONCE = 64


@dataclass(slots=True)
class _Pending:
    """A request in flight: whom it was sent to, and who answered in their place."""

    agent: Agent
    answer: asyncio.Future[bytes]
    elsewhere: str = ""

    def hint(self) -> str:
        if self.elsewhere:
            return (
                f"one came from {self.elsewhere} and was not taken: if that is its address, too, "
                "the inventory's answers_from names it, or SNMPv3 proves it"
            )
        return "is it on, and does it admit this address?"


class Transport:
    """The sockets of one event loop; made at the first request."""

    def __init__(self) -> None:
        """Nothing is opened yet."""
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}
        self._waiting: dict[int, _Pending] = {}
        self._random = array("I")

    def number(self) -> int:
        """Return a number that no request in flight has: 31 bits, not to be guessed."""
        while True:
            if not self._random:
                self._random = array("I", os.urandom(4 * NUMBERS))
            number = self._random.pop() & LARGEST_NUMBER
            if number not in self._waiting:
                return number

    def numbers(self, count: int) -> list[int]:
        """Return so many numbers, no two alike."""
        numbers = dict.fromkeys(self.number() for _ in range(count))
        while len(numbers) < count:
            numbers[self.number()] = None
        return list(numbers)

    def send(self, agent: Agent, number: int, message: bytes) -> None:
        """Send a message whose answer carries ``number``; ``forget`` it in the end.

        Sent again with the same number, whatever answer comes first counts.

        Raises NoAnswerError when the way there is closed.
        """
        self._waiting[number] = _Pending(agent, asyncio.get_running_loop().create_future())
        try:
            self._socket(agent).sendto(message, (agent.address, agent.port))
        except OSError as error:
            raise NoAnswerError(f"{agent}: {error.strerror or error}") from error

    async def response(self, number: int, seconds: float) -> bytes:
        """Return the answer that carries a number.

        Raises NoAnswerError when it does not come within ``seconds``.
        """
        waiting = self._waiting[number]
        if waiting.answer.done():
            return waiting.answer.result()
        timer = asyncio.get_running_loop().call_later(seconds, _give_up, waiting.answer)
        try:
            return await waiting.answer
        except TimeoutError:
            raise NoAnswerError(f"{waiting.agent}: no answer; {waiting.hint()}") from None
        finally:
            timer.cancel()

    def forget(self, number: int) -> None:
        """Wait no longer for an answer; no error when nobody did."""
        self._waiting.pop(number, None)

    def close(self) -> None:
        """Close the sockets."""
        for sock in self._sockets.values():
            asyncio.get_running_loop().remove_reader(sock.fileno())
            sock.close()
        self._sockets.clear()

    def _socket(self, agent: Agent) -> socket.socket:
        family = socket.AF_INET6 if ":" in agent.address else socket.AF_INET
        sock = self._sockets.get(family)
        if sock is None:
            sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            asyncio.get_running_loop().add_reader(sock.fileno(), self._readable, sock)
            self._sockets[family] = sock
        return sock

    def _readable(self, sock: socket.socket) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                data, sender = sock.recvfrom(LARGEST_DATAGRAM)
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK):
                    return
                continue
            self._take(data, sender[0], sender[1])

    def _take(self, data: bytes, address: str, port: int) -> None:
        try:
            waiting = self._waiting.get(number_of(data))
        except BadAnswerError:
            waiting = None
        if waiting is None or waiting.answer.done():
            return
        if not waiting.agent.may_answer_from(address, port):
            waiting.elsewhere = f"{address} port {port}"
        else:
            waiting.answer.set_result(data)


def number_of(data: bytes) -> int:
    """Return a message's number: its request-id (v1, v2c) or msgID (v3). BadAnswerError: none.

    A message that is cut off behind it has one, too: what is wrong with it is told at once, and
    nobody waits for an answer that has come.
    """
    _, place = ber.opening(data, 0)
    version, place = ber.number(data, place, len(data))
    if version < 3:
        _, _, place = ber.element(data, place, len(data))
    _, start = ber.opening(data, place)
    return ber.number(data, start, len(data))[0]


def _give_up(answer: "asyncio.Future[bytes]") -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())
