#!/bin/sh
# restore.sh FILE: into the database of VOICE_PRINTS_DATABASE_URL, which must have no tables of ours; all of it or nothing.
set -eu
file=${1:?usage: restore.sh FILE}
url=${VOICE_PRINTS_DATABASE_URL:?set VOICE_PRINTS_DATABASE_URL}
found=$(psql --no-psqlrc --tuples-only --no-align --dbname="$url" --command="SELECT count(*) FROM pg_namespace WHERE nspname = 'voice_prints'")
if [ "$found" != 0 ]; then
  echo 'the database has voiceprints already: restore into an empty one, or remove them first (DROP SCHEMA voice_prints CASCADE)' >&2
  exit 1
fi
pg_restore --dbname="$url" --exit-on-error --single-transaction --no-owner --no-privileges "$file"
