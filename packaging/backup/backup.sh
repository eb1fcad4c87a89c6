#!/bin/sh
# backup.sh FOLDER: the tables of the database of VOICE_PRINTS_DATABASE_URL, consistent, while processes run.
# Give an address without a password and PGPASSWORD or ~/.pgpass: arguments of programs can be seen by others on the machine.
set -eu
folder=${1:?usage: backup.sh FOLDER}
umask 077
mkdir -p "$folder"
file="$folder/voice-prints-$(date -u +%Y%m%dT%H%M%SZ).dump"
# The rows of all tenants, also where the user is no superuser.
PGOPTIONS='-c voice_prints.tenant=*' pg_dump --dbname="${VOICE_PRINTS_DATABASE_URL:?set VOICE_PRINTS_DATABASE_URL}" \
  --format=custom --schema=voice_prints --enable-row-security --no-owner --no-privileges --file="$file.part"
mv "$file.part" "$file"
echo "$file"
