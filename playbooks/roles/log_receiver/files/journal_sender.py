#!/usr/bin/python3 -I
"""Hands a host's journal on to the receiver, with the name in its certificate in each entry.

stunnel starts it for every connection, with the subject of the client's certificate in
SSL_CLIENT_DN. What an entry says of itself (_HOSTNAME, and a BASTIDE_SENDER of its own) is the
sender's claim; the BASTIDE_SENDER that is added here is not.
"""

import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from io import BufferedReader

RECEIVER = ("127.0.0.1", 19533)
FIELD = b"BASTIDE_SENDER"
NAME = re.compile(r"(?:^|[/,\s])CN ?= ?([a-z0-9.-]+)(?=$|[/,\s])")
LONGEST_HEADER = 64 * 1024
# A text field is one line, whatever its length.
LONGEST_LINE = 16 * 1024 * 1024
PIECE = 64 * 1024


class RefusedError(Exception):
    """What came is no upload of a journal."""


def sender(subject: str) -> str:
    """Return the one name in a certificate's subject."""
    names: list[str] = NAME.findall(subject)
    if len(names) != 1:
        raise RefusedError(f"the certificate's subject has no single name: {subject!r}")
    return names[0]


class Body:
    """The body of a request, in chunks (RFC 9112, 7.1) or of a given length."""

    def __init__(self, source: BufferedReader, length: int | None) -> None:
        """Take what it is read from; `length` None means chunks."""
        self._source, self._chunked = source, length is None
        self._left = 0 if length is None else length
        self._ended = length == 0
        self._buffer = bytearray()

    def read(self, most: int) -> bytes:
        """Return up to so many bytes, nothing at the end."""
        if not self._buffer:
            self._fill()
        piece = bytes(self._buffer[:most])
        del self._buffer[:most]
        return piece

    def line(self) -> bytes:
        """Return a line with its line feed; what is left at the end."""
        searched = 0
        while (at := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > LONGEST_LINE:
                raise RefusedError("a line is too long")
            if not self._fill():
                break
        end = len(self._buffer) if at < 0 else at + 1
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        return line

    def _fill(self) -> bool:
        if self._ended:
            return False
        if not self._left and self._chunked:
            self._left = int(self._source.readline(64).split(b";")[0], 16)
            if not self._left:
                self._ended = True
                while self._source.readline(LONGEST_HEADER) not in (b"\r\n", b""):
                    pass
                return False
        piece = self._source.read1(min(self._left, PIECE))
        if not piece:
            raise RefusedError("it ended in the middle")
        self._buffer += piece
        self._left -= len(piece)
        if not self._left:
            if self._chunked:
                self._source.readline(4)
            else:
                self._ended = True
        return True


def marked(body: Body, name: bytes) -> Iterator[bytes]:
    """Yield a journal in its export format with the sender in each entry, and no other one."""
    begun = False
    while line := body.line():
        if line == b"\n":
            begun = False
            yield line
            continue
        if not begun:
            begun = True
            yield FIELD + b"=" + name + b"\n"
        key, is_text, _ = line.partition(b"=")
        kept = key.rstrip(b"\n") != FIELD
        if kept:
            yield line
        if not is_text:
            yield from _binary(body, kept)


def _binary(body: Body, kept: bool) -> Iterator[bytes]:
    """Yield the length (64 bits, little endian), the octets and the line feed of a binary field."""
    length = exactly(body, 8)
    left = int.from_bytes(length, "little") + 1
    if kept:
        yield length
    while left:
        piece = body.read(min(left, PIECE))
        if not piece:
            raise RefusedError("a field ended in the middle")
        left -= len(piece)
        if kept:
            yield piece


def exactly(body: Body, number: int) -> bytes:
    """Return so many bytes."""
    octets = b""
    while len(octets) < number:
        piece = body.read(number - len(octets))
        if not piece:
            raise RefusedError("a field ended in the middle")
        octets += piece
    return octets


def request(source: BufferedReader) -> tuple[bytes, Body] | None:
    """Return the head of the next request without its framing, and its body; None at the end."""
    head: list[bytes] = []
    length: int | None = 0
    while (line := source.readline(LONGEST_HEADER)) not in (b"\r\n", b"\n"):
        if not line:
            if head:
                raise RefusedError("a request ended in the middle")
            return None
        key, _, value = line.partition(b":")
        word = key.strip().lower()
        if word == b"transfer-encoding":
            length = None
        elif word == b"content-length":
            length = int(value)
        else:
            head.append(line)
        if len(head) > 100:
            raise RefusedError("too many headers")
    return b"".join(head), Body(source, length)


def hand_on(source: BufferedReader, receiver: socket.socket, name: bytes) -> None:
    """Hand every request of a connection on."""
    while (asked := request(source)) is not None:
        head, body = asked
        receiver.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        for piece in marked(body, name):
            receiver.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        receiver.sendall(b"0\r\n\r\n")


def answer(receiver: socket.socket) -> None:
    """Hand the receiver's answers back until it ends."""
    while piece := receiver.recv(PIECE):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    os._exit(0)


def main() -> int:
    """Serve one connection."""
    try:
        name = sender(os.environ.get("SSL_CLIENT_DN", ""))
        with open(0, "rb") as source, socket.create_connection(RECEIVER) as receiver:
            answers = threading.Thread(target=answer, args=(receiver,), daemon=True)
            answers.start()
            hand_on(source, receiver, name.encode())
            receiver.shutdown(socket.SHUT_WR)
            answers.join()
    except (RefusedError, ValueError, OSError) as error:
        print(f"journal-sender: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
