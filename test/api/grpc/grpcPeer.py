"""A client of the realtime service for tests: grpcio with stubs compiled from the interface file.

Reads a JSON list of calls from standard input, each {"address", "certificate"?, "metadata": [[key, value]], "method"?,
"chunks": [{…}], "everyChunkAnswered"?: wait for an answer before the next chunk}; makes them one after the other and
writes a list of {"answers": [{…}], "status", "details"}.
"""
import json
import queue
import sys

import deepaffects_realtime_pb2 as messages
import deepaffects_realtime_pb2_grpc as service
import grpc
from google.protobuf.json_format import MessageToDict


def call(asked):
    if asked.get("certificate"):
        with open(asked["certificate"], "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        channel = grpc.secure_channel(asked["address"], credentials)
    else:
        channel = grpc.insecure_channel(asked["address"])
    answered = queue.Queue()

    def chunks():
        for chunk in asked["chunks"]:
            yield messages.SegmentChunk(**chunk)
            if asked.get("everyChunkAnswered"):
                answered.get(timeout=60)

    method = getattr(service.DeepAffectsRealtimeStub(channel), asked.get("method", "IdentifySpeaker"))
    told = {"answers": []}
    try:
        for answer in method(chunks(), metadata=[tuple(pair) for pair in asked["metadata"]], timeout=100):
            told["answers"].append(MessageToDict(answer, preserving_proto_field_name=True))
            if len(told["answers"]) == 1 or told["answers"][-2].get("id") != answer.id:
                answered.put(answer.id)
        told["status"] = "OK"
    except grpc.RpcError as error:
        told.update(status=error.code().name, details=error.details())
    return told


json.dump([call(asked) for asked in json.load(sys.stdin)], sys.stdout)
