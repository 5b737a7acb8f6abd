#!/bin/sh
# Docker Compose 2.26.1 (Debian's docker-compose 2.26.1-4, its parser of env files is
# compose-go's), no Docker Engine needed, 2026-11.
#
# An `env_file:` has one NAME=VALUE a line; what a shell or another dotenv reader
# makes of a line is mostly what compose makes of it.
#
# Guess: a value in quotes ends its line, and what is left of the line is an error or
# a part of the value, as in a shell; ` # text` and a tab before `#` both begin a
# comment.
#
# Seen: behind a closing quote compose goes on reading as if a new line had begun:
# `PORT="27015"SLOTS=64` sets PORT and a second variable SLOTS, and no error is told.
# A `#` begins a comment behind a space only: behind a tab it is a part of the value.
#
# What follows: a line with a forgotten separator, or an editor that puts tabs before
# comments, gives a server other settings than the file seems to say.
# `docker compose config` shows them. Who reads the same file as compose does, as a
# tool beside it must, has to do both.
set -eu
VERSION=2.26.1-4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
url=https://deb.debian.org/debian/pool/main/d/docker-compose/docker-compose_${VERSION}_amd64.deb
curl -fsSL -o compose.deb "$url"
dpkg-deb -x compose.deb root
compose=$(find root -type f -name docker-compose -perm -u+x | head -n 1)
mkdir stack
cat >stack/compose.yaml <<'YAML'
services:
  game:
    image: example
    env_file: [server.env]
YAML
printf 'PORT="27015"SLOTS=64\nMAP=harbour # by space\nMODE=easy\t# by tab\n' >stack/server.env
"$compose" version
"$compose" -f stack/compose.yaml config --format json >seen.json
python3 - <<'PY'
import json

seen = json.load(open("seen.json"))["services"]["game"]["environment"]
print("server.env:", open("stack/server.env").read().splitlines())
print("compose:   ", seen)
assert seen == {"PORT": "27015", "SLOTS": "64", "MAP": "harbour", "MODE": "easy\t# by tab"}, "it reads them otherwise now"
print("as described")
PY
