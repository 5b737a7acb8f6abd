#!/bin/sh
# Podman 4.3.1 (Debian 12: podman 4.3.1+ds1-8+deb12u1+b3, conmon 2.1.6, runc 1.1.5), as
# root, 2026-11.
#
# A container that was made with `--interactive` and without `--tty` keeps its standard
# input open while nobody is attached. `podman attach` connects to it for a while.
#
# Guess: when an attached client ends, the input stays open for the next one, as with
# `docker run -d -i` and `docker attach`.
#
# Seen: the end of the first `podman attach` closes the input of the container for good:
# what the main process reads next is the end of the file. A line that is written to
# /proc/PID/fd/0 of the main process arrives, and leaves the input open.
#
# What follows: a tool that sends one console line by `podman attach` takes away the
# console from a game server, and many of them end at the end of their input.
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
GAME='echo up; while read -r line; do echo "got $line"; done; echo "end of input"; sleep 1000'
for name in attached written; do
    podman run --detach --interactive --network none --name "$name" finding:1 sh -c "$GAME" >/dev/null
done

# Waits until a container has printed a line.
printed() {
    for _ in $(seq 100); do
        podman logs "$1" 2>&1 | grep -qx "$2" && return
        sleep 0.1
    done
    return 1
}
printed attached up && printed written up
(echo "by attach"; sleep 1) | timeout 3 "$folder/root/usr/bin/podman" --root "$folder/store" --runroot "$folder/run" \
    --storage-driver vfs attach --sig-proxy=false attached >/dev/null 2>&1 || :
pid=$(podman inspect --format '{{.State.Pid}}' written)
echo "by its descriptor" >"/proc/$pid/fd/0"
printed attached "got by attach"
printed written "got by its descriptor"
podman version --format 'podman {{.Client.Version}}'
sleep 2
echo "attached to and left: $(podman logs attached 2>&1 | tr '\n' ';')"
echo "written to:           $(podman logs written 2>&1 | tr '\n' ';')"
[ "$(podman logs attached 2>&1 | tail -n 1)" = "end of input" ] || { echo "the input stays open now" >&2; exit 1; }
[ "$(podman logs written 2>&1 | tail -n 1)" = "got by its descriptor" ] || { echo "this closes the input now" >&2; exit 1; }
echo "as described"
