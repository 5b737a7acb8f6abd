#!/bin/sh
# Podman 4.3.1 (Debian 12: podman 4.3.1+ds1-8+deb12u1+b3, conmon 2.1.6, runc 1.1.5), as
# root, 2026-11.
#
# A container takes some seconds to save what it has when it is stopped.
#
# Guess: it counts as running until its process has ended, as under Docker: `podman ps`
# lists it, `podman inspect` says `"Running": true`, and `podman exec` works.
#
# Seen: from the signal on its state is `stopping`. `Running` is false, `podman ps` does not
# list it without `--all`, and `podman exec` refuses, while `.State.Pid` is the process that
# still lives and saves.
#
# What follows: a tool that reads `.State.Running`, or lists without `--all`, calls a game
# stopped that is saving, and may start another one over its files. Look at the state.
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
cat >containers.conf <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
CONF
export CONTAINERS_CONF="$folder/containers.conf"
podman() {
    "$folder/root/usr/bin/podman" --root "$folder/store" --runroot "$folder/run" --storage-driver vfs \
        --conmon "$folder/root/usr/bin/conmon" --runtime "$folder/root/usr/sbin/runc" \
        --cgroup-manager cgroupfs --events-backend file "$@"
}
clean() {
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
GAME='trap "sleep 5; echo saved; exit 0" TERM; echo up; while :; do sleep 0.1; done'
podman run --detach --network none --name game finding:1 sh -c "$GAME" >/dev/null
for _ in $(seq 100); do
    podman logs game 2>&1 | grep -qx up && break
    sleep 0.1
done
podman stop --time 30 game >/dev/null 2>&1 &
for _ in $(seq 100); do
    state=$(podman inspect --format '{{.State.Status}}' game)
    [ "$state" = running ] || break
    sleep 0.1
done
running=$(podman inspect --format '{{.State.Running}}' game)
pid=$(podman inspect --format '{{.State.Pid}}' game)
listed=$(podman ps --format '{{.Names}}')
executed=0
podman exec game sleep 0 2>/dev/null || executed=$?
alive=no
[ ! -e "/proc/$pid" ] || alive=yes
wait
podman version --format 'podman {{.Client.Version}}'
echo "during its stop: State $state, Running $running, its process lives: $alive, podman ps: '$listed', podman exec: $executed"
echo "in the end it has $(podman logs game 2>&1 | tail -n 1)"
[ "$state $running $alive $listed" = "stopping false yes " ] || { echo "it counts as running now" >&2; exit 1; }
echo "as described"
