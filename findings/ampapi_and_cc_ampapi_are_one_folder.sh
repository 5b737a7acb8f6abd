#!/bin/sh
# ampapi 2620.5.0 and cc-ampapi 4.6.0 (PyPI, clients of CubeCoders AMP), pip 24 and newer, 2026-11.
#
# Guess: two distributions of different names can be installed side by side, as for a
# program that uses one and a script that uses the other; pip would refuse what clashes.
#
# Seen: both bring a package `ampapi`, and pip writes one over the other without a word.
# `pip check` finds nothing wrong. What is imported is a mix: `__init__.py` and `core`
# of the one that was installed last, beside modules that only the other one has. Taking
# one of them away takes files of the other with it, which pip still lists.
#
# What follows: a folder or an environment of its own for each of the two.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
pip="$dir/venv/bin/pip --disable-pip-version-check"
python="$dir/venv/bin/python"
said=$($pip install -q --no-deps ampapi==2620.5.0 2>&1; $pip install -q --no-deps cc-ampapi==4.6.0 2>&1)
echo "pip said: '${said}'"
[ -z "$said" ]
folder=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
title=$(sed -n 's/^__title__ = //p' "$folder/ampapi/__init__.py")
echo "the title in ampapi/__init__.py: $title"
[ "$title" = '"CubeCoders AMP API"' ]
[ -e "$folder/ampapi/auth.py" ] && [ -e "$folder/ampapi/bridge.py" ]
echo "auth.py of the first and bridge.py of the second are in the same folder"
$pip uninstall -q -y ampapi
$pip list 2>/dev/null | grep ampapi
[ ! -e "$folder/ampapi/__init__.py" ]
echo "after 'pip uninstall ampapi' cc-ampapi is listed, and has no __init__.py"
echo "as described"
