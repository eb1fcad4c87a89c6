"""Peers of the Wyoming server, on the PyPI package `wyoming`: a speech-to-text service, and a client.

asr: listens on a free port, prints {"port": N}, and answers every audio with a transcript that says how much it heard.
client ADDRESS FILE.s16 COMMAND [NAME]: sends `describe`, `transcribe`, `identify` or `enroll` with the samples of the file, and
prints every event until the answer, a line of JSON each; for audio the seconds from its end to the answer, too.
"""

import asyncio
import json
import sys
import time
from functools import partial

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info
from wyoming.server import AsyncEventHandler, AsyncTcpServer

MAKER = Attribution(name="test", url="http://localhost")
INFO = Info(
    asr=[
        AsrProgram(
            name="parrot",
            attribution=MAKER,
            installed=True,
            description="Hears nothing",
            version="1",
            models=[
                AsrModel(
                    name="tiny", attribution=MAKER, installed=True, description=None, version=None, languages=["en", "de"]
                )
            ],
        )
    ]
)
FORMAT = {"rate": 16_000, "width": 2, "channels": 1}
ANSWERS = ("info", "transcript", "identified", "not-identified", "enrolled", "deleted", "error")


class Asr(AsyncEventHandler):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.heard = 0
        self.language = None

    async def handle_event(self, event: Event) -> bool:
        if Describe.is_type(event.type):
            await self.write_event(INFO.event())
        elif Transcribe.is_type(event.type):
            self.language = Transcribe.from_event(event).language
        elif AudioChunk.is_type(event.type):
            self.heard += len(AudioChunk.from_event(event).audio)
        elif AudioStop.is_type(event.type):
            text = f"{self.heard} bytes"
            await self.write_event(Transcript(text=text, language=self.language, context={"conversation": 7}).event())
            return False
        return True


async def asr() -> None:
    server = AsyncTcpServer("127.0.0.1", 0)
    await server.start(partial(Asr))
    print(json.dumps({"port": server._server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.Event().wait()


async def client(address: str, path: str, command: str, name: str = "") -> None:
    with open(path, "rb") as file:
        samples = file.read()
    async with AsyncClient.from_uri(address) as peer:
        if command == "describe":
            await peer.write_event(Describe().event())
        elif command == "delete":
            await peer.write_event(Event("delete", {"name": name}))
        else:
            await speak(peer, samples, command, name)
        ended = time.monotonic()
        while True:
            event = await peer.read_event()
            if event is None:
                raise SystemExit("the connection ended without an answer")
            seconds = time.monotonic() - ended
            print(json.dumps({"type": event.type, "data": checked(event), "seconds": seconds}), flush=True)
            if event.type in ANSWERS:
                return


def checked(event: Event) -> dict:
    """What the package makes of the event: it reads each kind into its own class."""
    for kind in (Info, Transcript, Error):
        if kind.is_type(event.type):
            return kind.from_event(event).event().data
    return event.data


async def speak(peer: AsyncClient, samples: bytes, command: str, name: str) -> None:
    if command == "transcribe":
        await peer.write_event(Transcribe(language="en").event())
    elif command == "enroll":
        await peer.write_event(Event("enroll", {"name": name, "context": {"consent": "agreed"}}))
    else:
        await peer.write_event(Event(command, {"names": [name]} if name else {}))
    await peer.write_event(AudioStart(**FORMAT).event())
    started = time.monotonic()
    for at in range(0, len(samples), 2_048):
        if command != "enroll":  # as it is spoken
            await asyncio.sleep(max(0, started + at / 32_000 - time.monotonic()))
        await peer.write_event(AudioChunk(**FORMAT, audio=samples[at : at + 2_048]).event())
    await peer.write_event(AudioStop().event())


asyncio.run(asr() if sys.argv[1] == "asr" else client(*sys.argv[2:]))
