#!/usr/bin/env python3
"""A client for the REST calls of voice-prints, with nothing but Python's own library.

    export VOICE_PRINTS_SERVER=http://127.0.0.1:8080 VOICE_PRINTS_API_KEY=your-key
    python3 voice_prints.py enroll ann ann.flac
    python3 voice_prints.py speakers
    python3 voice_prints.py identify meeting.mp3
    python3 voice_prints.py delete ann
"""
import base64
import json
import os
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request


class VoicePrints:
    """Answers are the parsed JSON; a refusal is raised as RuntimeError with the server's own words."""

    def __init__(self, server, key):
        self.base = server.rstrip("/") + "/audio/generic/api/v2/sync/diarization/"
        self.key = key

    def enroll(self, speaker_id, path):
        """Adds the voice in an audio file to `speaker_id`; complete from 12 seconds of speech on."""
        return self._call("enroll", body={**self._audio(path), "speakerId": speaker_id, "languageCode": "en-US"})

    def speakers(self):
        """Everybody enrolled, complete or not."""
        return self._call("get_enrolled_speakers", query={"getAllSpeakers": "True"})

    def identify(self, path, speaker_ids=()):
        """Who speaks when, in at most two minutes of audio; `UserNotIdentified` is an unknown voice."""
        return self._call("identify", body={**self._audio(path), "speakerIds": list(speaker_ids)})

    def delete(self, speaker_id):
        """Erases the voiceprint for good."""
        return self._call("delete", body={"speakerId": speaker_id})

    @staticmethod
    def _audio(path):
        file = pathlib.Path(path)
        content = base64.b64encode(file.read_bytes()).decode("ascii")
        # The bytes decide what the audio is; encoding and sampleRate matter for headerless audio only.
        return {"content": content, "encoding": file.suffix.lstrip(".").upper(), "sampleRate": 16000}

    def _call(self, name, query=None, body=None):
        address = self.base + name + "?" + urllib.parse.urlencode({**(query or {}), "apikey": self.key})
        data = None if body is None else json.dumps(body).encode("utf-8")
        request = urllib.request.Request(address, data=data, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=300) as response:
                return json.load(response)
        except urllib.error.HTTPError as refusal:
            fault = json.load(refusal)["fault"]
            raise RuntimeError(f"{refusal.code}: {fault['faultstring']}") from None


def main(arguments):
    client = VoicePrints(os.environ["VOICE_PRINTS_SERVER"], os.environ["VOICE_PRINTS_API_KEY"])
    calls = {"enroll": client.enroll, "speakers": client.speakers, "identify": client.identify, "delete": client.delete}
    if not arguments or arguments[0] not in calls:
        sys.exit(__doc__)
    try:
        print(json.dumps(calls[arguments[0]](*arguments[1:]), indent=2))
    except RuntimeError as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main(sys.argv[1:])
