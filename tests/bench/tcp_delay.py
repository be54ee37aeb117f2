"""A TCP proxy that makes a near host far: every byte takes half a round trip longer."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

CHUNK_BYTES = 65536


@dataclass(slots=True)
class RoundTrips:
    """How often something was sent there after something had come back; connecting is one."""

    count: int = 0


@contextmanager
def delayed(
    address: str, port: int, round_trip_seconds: float, trips: RoundTrips | None = None
) -> Iterator[int]:
    """Serve a loopback port that leads to an address, far away; yield the port."""
    trips = trips or RoundTrips()
    loop = asyncio.new_event_loop()
    one_way = round_trip_seconds / 2

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(round_trip_seconds)  # connecting takes a round trip, too
        there, back = await asyncio.open_connection(address, port)
        for end in (writer, back):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(asyncio.CancelledError):  # at the end, which is no error of a connection
            answered = True

            def sent() -> None:
                nonlocal answered
                trips.count += answered
                answered = False

            def came() -> None:
                nonlocal answered
                answered = True

            trips.count += 1
            await asyncio.gather(
                _pump(reader, back, one_way, sent), _pump(there, writer, one_way, came)
            )

    server = loop.run_until_complete(asyncio.start_server(accept, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    late: float,
    on_data: Callable[[], None],
) -> None:
    """Hand on what comes, each piece as much later: the line holds any number of pieces."""
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    clock = asyncio.get_running_loop().time

    async def arrive() -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - clock())
            if not data:
                writer.close()
                return
            writer.write(data)

    arriving = asyncio.create_task(arrive())
    with suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            on_data()
            under_way.put_nowait((clock() + late, data))
    under_way.put_nowait((clock() + late, b""))
    with suppress(OSError):
        await arriving
