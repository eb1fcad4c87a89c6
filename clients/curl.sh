#!/bin/sh
# Enrols a voice, lists who is enrolled, names the voices of a recording, deletes the voice again: with curl alone.
#   VOICE_PRINTS_SERVER=http://127.0.0.1:8080 VOICE_PRINTS_API_KEY=your-key ./curl.sh ann ann.flac meeting.mp3
set -eu
speaker=$1 sample=$2 recording=$3
calls="$VOICE_PRINTS_SERVER/audio/generic/api/v2/sync/diarization"

# The audio itself as the body; the bytes say what they are.
curl -sS --fail-with-body "$calls/enroll?apikey=$VOICE_PRINTS_API_KEY&speakerId=$speaker" \
  -H 'Content-Type: application/octet-stream' --data-binary "@$sample"
echo

curl -sS --fail-with-body "$calls/get_enrolled_speakers?apikey=$VOICE_PRINTS_API_KEY&getAllSpeakers=True"
echo

# The audio as base64 inside JSON, as old clients send it.
{ printf '{"encoding":"MP3","sampleRate":16000,"content":"'; base64 < "$recording" | tr -d '\n'; printf '"}'; } |
  curl -sS --fail-with-body "$calls/identify?apikey=$VOICE_PRINTS_API_KEY" -H 'Content-Type: application/json' --data-binary @-
echo

curl -sS --fail-with-body "$calls/delete?apikey=$VOICE_PRINTS_API_KEY" \
  -H 'Content-Type: application/json' --data "{\"speakerId\":\"$speaker\"}"
echo
