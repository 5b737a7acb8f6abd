#!/bin/sh
# Podman 4.3.1 (Debian 12: podman 4.3.1+ds1-8+deb12u1+b3, conmon 2.1.6, runc 1.1.5), as
# root, 2026-11.
#
# A `podman stop` with a long grace period is killed while it waits, as by the end of a
# session. The container's process, which takes its time to save, lives on, and the state
# stays `stopping`.
#
# Guess: `podman rm --force` kills whatever is alive and then removes the container, as it
# does with one that runs.
#
# Seen: it ends with 0 and the container is gone from the list, while its process lives on,
# now under nobody's name.
#
# What follows: a tool that clears up by `rm --force` leaves a game over its own files. A
# `podman kill`, or another `podman stop`, does end the process: call that first.
set -eu
PODMAN=4.3.1+ds1-8+deb12u1+b3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q "podman=$PODMAN" conmon runc golang-github-containers-common busybox-static \
    libgpgme11 libassuan0 libgpg-error0 libdevmapper1.02.1 libseccomp2 libsubid4 >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu:$folder/root/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH
export HOME="$folder/home"
mkdir -p "$HOME/.config/containers"
printf '{ "default": [{ "type": "insecureAcceptAnything" }] }\n' >"$HOME/.config/containers/policy.json"
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >containers.conf
export CONTAINERS_CONF="$folder/containers.conf"
podman() {
    "$folder/root/usr/bin/podman" --root "$folder/store" --runroot "$folder/run" --storage-driver vfs \
        --conmon "$folder/root/usr/bin/conmon" --runtime "$folder/root/usr/sbin/runc" \
        --cgroup-manager cgroupfs --events-backend file "$@"
}
pid=
clean() {
    [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :
    podman rm --all --force --time 0 >/dev/null 2>&1 || :
    podman rmi --all --force >/dev/null 2>&1 || :
    cd /
    rm -rf "$folder"
}
trap clean EXIT

mkdir -p image/bin image/tmp image/proc image/dev image/sys
cp root/bin/busybox image/bin/busybox
for name in sh sleep; do ln -s busybox "image/bin/$name"; done
tar -C image -cf image.tar .
podman import --change 'ENV PATH=/bin' image.tar finding:1 >/dev/null 2>&1
podman create --network none --name game finding:1 \
    sh -c 'trap "echo saves" TERM; echo up; while :; do sleep 0.1; done' >/dev/null
podman start game >/dev/null
until podman logs game 2>&1 | grep -qx up; do sleep 0.1; done
pid=$(podman inspect --format '{{.State.Pid}}' game)
podman stop --time 600 game >/dev/null 2>&1 &
until [ "$(podman inspect --format '{{.State.Status}}' game)" = stopping ]; do sleep 0.1; done
pkill -9 -f "^$folder/root/usr/bin/podman .* stop --time 600 game" || :
wait || :
before=$(podman inspect --format '{{.State.Status}}' game)
removed=0
podman rm --force --time 0 game >/dev/null 2>&1 || removed=$?
listed=$(podman ps --all --format '{{.Names}}')
alive=no
[ ! -e "/proc/$pid" ] || alive=yes
podman version --format 'podman {{.Client.Version}}'
echo "after its stop was killed: $before; rm --force: $removed; listed: '$listed'; its process lives: $alive"
[ "$before $removed $listed $alive" = "stopping 0  yes" ] || { echo "this has changed" >&2; exit 1; }
echo "as described"
