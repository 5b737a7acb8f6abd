#!/bin/sh
# cc-ampapi 4.6.0, dataclass-wizard 0.35.0 and 1.0.0 (PyPI), CPython 3.11, 2026-11.
#
# Guess: `pip install cc-ampapi` gives a client of AMP that works: it asks for
# dataclass-wizard of 0.22.2 or newer, and pip takes the newest.
#
# Seen: with dataclass-wizard 1.0.0 no instance of AMP can be read: each `Instance` ends
# in a ValueError about "dataclass types in a Union", since the major version handles a
# union of `BuildInfo` and `str` in another way. With 0.35.0 the same data are read.
#
# What follows: pin dataclass-wizard below 1.0 beside cc-ampapi.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat > "$dir/try.py" <<'PY'
import importlib.metadata, sys
from dataclass_wizard import fromdict
from ampapi.modules import Instance

game = {
    "instance_id": "00000001-0000-4000-8000-000000000000", "target_id": "0000", "instance_name": "Ark01",
    "friendly_name": "Ark", "description": "", "module": "GenericModule", "module_display_name": "Ark",
    "amp_version": "2.6.0.4", "is_https": False, "ip": "127.0.0.1", "port": 8081, "daemon": True,
    "daemon_autostart": True, "exclude_from_firewall": False, "running": True, "app_state": 20, "tags": [],
    "disk_usage_mb": 0, "release_stream": 10, "management_mode": 10, "suspended": False,
    "is_container_instance": False, "container_memory_mb": 0, "container_swap_mb": 0,
    "container_memory_policy": 0, "container_cpus": 0.0, "specific_docker_image": "",
    "use_host_mode_network": False, "metrics": {}, "application_endpoints": [], "deployment_args": {},
    "display_image_source": "", "welcome_message": "",
}
version = importlib.metadata.version("dataclass-wizard")
try:
    seen = fromdict(Instance, game).instance_name
except ValueError as error:
    seen = f"{type(error).__name__}: {str(error).splitlines()[0]}"
print(f"cc-ampapi {importlib.metadata.version('cc-ampapi')}, dataclass-wizard {version}: {seen}")
sys.exit(0 if sys.argv[1] in seen else f"{version}: not as described")
PY
for pair in 0.35.0=Ark01 1.0.0=Union; do
    version=${pair%%=*}
    python3 -m venv "$dir/$version"
    "$dir/$version/bin/pip" install -q --disable-pip-version-check cc-ampapi==4.6.0 "dataclass-wizard==$version"
    "$dir/$version/bin/python" "$dir/try.py" "${pair#*=}"
done
echo "as described"
