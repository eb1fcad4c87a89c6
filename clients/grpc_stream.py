#!/usr/bin/env python3
"""Streams a WAV file to the realtime gRPC service in pieces of five seconds, and prints each turn as it arrives.

Needs grpcio and protobuf, and the two modules compiled from the interface file of the package:

    pip install grpcio grpcio-tools
    python3 -m grpc_tools.protoc -I . --python_out=. --grpc_python_out=. deepaffects-realtime.proto

    export VOICE_PRINTS_GRPC=127.0.0.1:50051 VOICE_PRINTS_API_KEY=your-key
    python3 grpc_stream.py meeting.wav
"""
import base64
import io
import json
import os
import sys
import wave

import deepaffects_realtime_pb2 as messages
import deepaffects_realtime_pb2_grpc as service
import grpc


def chunks(path, seconds=5):
    """The recording in pieces, each a little WAV file of its own."""
    with wave.open(path, "rb") as recording:
        rate = recording.getframerate()
        number = 0
        while samples := recording.readframes(int(seconds * rate)):
            piece = io.BytesIO()
            with wave.open(piece, "wb") as whole:
                whole.setparams(recording.getparams())
                whole.writeframes(samples)
            yield messages.SegmentChunk(
                id=number + 1,
                content=base64.b64encode(piece.getvalue()).decode("ascii"),
                encoding="wav",
                languageCode="en-US",
                sampleRate=rate,
                segmentOffset=number * seconds,
                duration=seconds,
            )
            number += 1


def main(path):
    with grpc.insecure_channel(os.environ["VOICE_PRINTS_GRPC"]) as channel:
        client = service.DeepAffectsRealtimeStub(channel)
        metadata = [("apikey", os.environ["VOICE_PRINTS_API_KEY"]), ("languagecode", "en-US")]
        try:
            for turn in client.IdentifySpeaker(chunks(path), metadata=metadata):
                if turn.Error:
                    print(f"chunk {turn.id}: {turn.Error}", file=sys.stderr)
                    continue
                told = {"speaker": turn.speaker_id, "start": turn.start, "end": turn.end}
                print(json.dumps({**told, "score": round(turn.identification_score, 3)}), flush=True)
        except grpc.RpcError as refusal:
            sys.exit(f"{refusal.code().name}: {refusal.details()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
